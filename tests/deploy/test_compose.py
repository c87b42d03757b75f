"""The compose file: what Compose knows, with variables, programs and times that fit ours."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.conftest import DEPLOY, known_variables, told

if TYPE_CHECKING:
    from pathlib import Path

yaml = pytest.importorskip("yaml")
FOLDER = DEPLOY / "compose"


@pytest.fixture
def compose() -> dict[str, Any]:
    """The file with its anchors merged and its variables filled in, as Compose reads it."""
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    given = dict(
        re.findall(r"^(\w+)=(.*)$", (FOLDER / "env.example").read_text("utf-8"), re.MULTILINE)
    )
    return dict(yaml.safe_load(re.sub(r"\$\{(\w+)[^}]*\}", lambda name: given[name[1]], text)))


def test_compose_knows_every_key(compose: dict[str, Any]) -> None:
    compose_spec = pytest.importorskip("compose_spec")
    plain = {key: value for key, value in compose.items() if not key.startswith("x-")}
    read = compose_spec.PyCompose.from_json(json.dumps(plain))
    read.validate()
    assert set(read.to_dict()["services"]) == {
        *("nginx", "first", "second", "postgres", "redis", "generator")
    }


def test_the_configuration_knows_every_variable(compose: dict[str, Any]) -> None:
    for service in ("first", "second", "generator"):
        assert set(compose["services"][service]["environment"]) <= known_variables()


def test_replicas_have_the_time_to_drain_and_nothing_to_write_to(compose: dict[str, Any]) -> None:
    for name in ("first", "second"):
        service = compose["services"][name]
        environ = service["environment"]
        drain = [float(environ[f"OCTOPERF_MCP_SERVER_DRAIN_{key}"]) for key in ("S", "DELAY_S")]
        assert int(service["stop_grace_period"].removesuffix("s")) > sum(drain)
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_either_replica_finds_the_files_of_all_runs(compose: dict[str, Any]) -> None:
    mounts = {
        name: dict(each.split(":")[:2] for each in compose["services"][name]["volumes"])
        for name in ("first", "second")
    }
    data = "/var/lib/octoperf-mcp"
    assert mounts == {name: {name: data, "runs": f"{data}/data/runs"} for name in mounts}
    assert {"first", "second", "runs"} <= set(compose["volumes"])


def test_each_secret_that_is_named_is_made(compose: dict[str, Any], tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl on this machine")
    script = tmp_path / "make-secrets.sh"
    shutil.copy(FOLDER / script.name, script)
    told("sh", script)
    made = {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()}
    assert {f"./secrets/{name}" for name in made} == {
        secret["file"] for secret in compose["secrets"].values()
    }
    assert made["postgres_password"].strip() in made["database_url"]
    assert (tmp_path / "secrets").stat().st_mode & 0o77 == 0
    told("sh", script)
    assert {path.name: path.read_bytes() for path in (tmp_path / "secrets").iterdir()} == made


def test_the_generator_is_given_flags_that_exist(compose: dict[str, Any]) -> None:
    from octoperf_mcp.cli.main import _parser

    command = compose["services"]["generator"]["command"]
    read = _parser(command)[0].parse_args(command)
    assert (read.join, read.allow_http) == ("http://nginx", True)
