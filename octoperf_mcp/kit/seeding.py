"""A run that has ended, for tests of tools that read results."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from octoperf_mcp.demo.shop import start_shop

if TYPE_CHECKING:
    from octoperf_mcp.kit.running import Client, Platform

USERS: Final = 2
HOLD_S: Final = 2
_MOST_POLLS: Final = 12


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run of two users and two seconds; its report; pages of its target and their addresses.

    `found` answered with success, `missing` with 404, each several times.
    """

    project_id: str
    virtual_user_id: str
    scenario_id: str
    bench_result_id: str
    report_id: str
    found: str
    missing: str


def played(platform: "Platform") -> FinishedRun:
    """Play load against a shop on this machine, and wait for its end.

    Raises:
        RuntimeError: the run did not finish.
    """
    shop = platform.portal.call(start_shop)
    try:
        with platform.client() as client:
            return _played(client, platform, f"{shop.url}/", f"{shop.url}/product/none")
    finally:
        platform.portal.call(shop.close)


def _played(client: "Client", platform: "Platform", found: str, missing: str) -> FinishedRun:
    project = {"projectId": platform.project_id}
    user = client.call("import_urls_virtual_user", urls=[found, missing], **project)
    (provider,) = client.call(
        "list_docker_providers_by_workspace", workspaceId=platform.workspace_id
    )["dockerProviders"]
    scenario = client.call(
        "create_scenario_ramp_up",
        scenarioName="Short run",
        virtualUserIds=[user["id"]],
        providerId=provider["id"],
        locations=[provider["locations"][0]],
        users=USERS,
        rampUpSec=0,
        holdForSec=HOLD_S,
        **project,
    )
    started = client.call("run_scenario", scenarioId=scenario["id"])
    run_id = started["benchResultIds"][0]
    return FinishedRun(
        platform.project_id,
        user["id"],
        scenario["id"],
        _ended(client, run_id)["id"],
        started["benchReportId"],
        found,
        missing,
    )


def _ended(client: "Client", run_id: str) -> dict[str, Any]:
    for _ in range(_MOST_POLLS):
        run = client.call("get_bench_result", benchResultId=run_id, waitSec=25)
        if run["finished"]:
            if run["state"] == "FINISHED":
                return run
            break
    raise RuntimeError(f"the run ended as {run['state']}: {run.get('cause', '')}")
