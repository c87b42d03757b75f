"""The Helm chart, linted and rendered by Helm itself, its manifests held to Kubernetes' schemas."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deploy.conftest import DEPLOY, known_variables

helm = pytest.importorskip("helm_python")
kubernetes_validate = pytest.importorskip("kubernetes_validate")
yaml = pytest.importorskip("yaml")

CHART = DEPLOY / "helm" / "octoperf-mcp"
PUBLIC = {"publicUrl": "https://octoperf.example.com"}
EMBEDDED = {**PUBLIC, "existingSecret": "octoperf", "redis": True, "ingress": {"enabled": True}}
BRIDGE = {**EMBEDDED, "upstream": {"url": "https://octoperf.example.com"}}
EVERYTHING = {
    "autoscaling": {"enabled": True},
    "networkPolicy": {"enabled": True, "egress": [{"to": [{"podSelector": {}}]}]},
    "metrics": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
    "caBundle": {"configMap": "authorities"},
    "persistence": {"runsClaim": "runs"},
    "env": {"OCTOPERF_MCP_SERVER_TRUSTED_PROXIES": "10.0.0.0/8"},
    "extraEnvFrom": [{"configMapRef": {"name": "more"}}],
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["octoperf.example.com"]}],
    "podAnnotations": {"a": "b"},
    "service": {"annotations": {"a": "b"}},
}
OURS = ("ServiceMonitor",)
"""Kinds of Prometheus' operator, for which Kubernetes has no schema."""


def rendered(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The manifests by kind; of several the first."""
    with helm.Chart.load(str(CHART)) as chart:
        files = chart.render(values, name="octoperf", namespace="load")
    found: dict[str, dict[str, Any]] = {}
    for name, text in sorted(files.items()):
        for manifest in yaml.safe_load_all(text) if name.endswith(".yaml") else ():
            if manifest:
                found.setdefault(manifest["kind"], manifest)
    return found


def test_helm_has_nothing_to_say_against_the_chart() -> None:
    said = helm.lint(str(CHART))
    assert said["errors"] == []
    assert [each["error"] for each in said["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("version", ["1.27", "1.34"])
@pytest.mark.parametrize("more", [{}, EVERYTHING], ids=["few values", "many values"])
@pytest.mark.parametrize("values", [EMBEDDED, BRIDGE], ids=["embedded", "bridge"])
def test_every_manifest_is_what_kubernetes_knows(
    values: dict[str, Any], more: dict[str, Any], version: str
) -> None:
    manifests = rendered({**values, **more})
    for kind, manifest in manifests.items():
        if kind not in OURS:
            kubernetes_validate.validate(manifest, version, strict=True)
    if more:
        assert {"HorizontalPodAutoscaler", "NetworkPolicy", *OURS} <= set(manifests)


@pytest.mark.parametrize(
    ("values", "kind"), [(EMBEDDED, "StatefulSet"), (BRIDGE, "Deployment")], ids=["own", "bridge"]
)
def test_pods_run_without_rights_and_have_the_time_to_drain(
    values: dict[str, Any], kind: str
) -> None:
    pod = rendered(values)[kind]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    environ = {each["name"]: each.get("value") for each in container["env"]}
    drain = [float(environ[f"OCTOPERF_MCP_SERVER_DRAIN_{key}"] or 0) for key in ("S", "DELAY_S")]
    assert pod["terminationGracePeriodSeconds"] > sum(drain)
    assert set(environ) <= known_variables()
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_pods_share_the_files_of_runs_when_a_claim_is_named() -> None:
    def mounts(values: dict[str, Any], kind: str) -> dict[str, str]:
        pod = rendered({**values, "persistence": {"runsClaim": "runs"}})[kind]
        container = pod["spec"]["template"]["spec"]["containers"][0]
        environ = {each["name"]: each.get("value") for each in container["env"]}
        data = environ.get("OCTOPERF_MCP_EMBEDDED_DATA_DIR", "")
        return {
            "DATA": data,
            **{each["name"]: each["mountPath"] for each in container["volumeMounts"]},
        }

    own = mounts(EMBEDDED, "StatefulSet")
    assert own["data"] == own["DATA"]
    assert own["runs"] == f"{own['DATA']}/runs"
    assert "runs" not in mounts(BRIDGE, "Deployment")


def test_the_bridge_takes_its_two_paths_and_the_platform_the_whole_origin() -> None:
    def paths(values: dict[str, Any]) -> list[str]:
        rule = rendered(values)["Ingress"]["spec"]["rules"][0]
        assert rule["host"] == "octoperf.example.com"
        return [each["path"] for each in rule["http"]["paths"]]

    assert paths(BRIDGE) == ["/mcp", "/.well-known/oauth-protected-resource"]
    assert paths(EMBEDDED) == ["/"]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"existingSecret": "s"}, "publicUrl, the origin that clients see, is missing"),
        ({"publicUrl": "octoperf.example.com"}, "does not match pattern"),
        ({**PUBLIC, "replica": 3}, "additional properties 'replica' not allowed"),
        ({**EMBEDDED, "env": {"OCTOPERF_HOST": "x"}}, "propertyNames|does not match|invalid"),
        (PUBLIC, "More than one replica needs existingSecret"),
        ({**PUBLIC, "replicas": 1, "redis": True}, "needs existingSecret"),
    ],
    ids=["no address", "no origin", "unknown", "foreign variable", "no secret", "no redis"],
)
def test_values_that_cannot_work_are_refused(values: dict[str, Any], why: str) -> None:
    with pytest.raises(helm.HelmError, match=why):
        rendered(values)
