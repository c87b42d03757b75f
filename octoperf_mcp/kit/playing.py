"""Actions as a validation and as a short load run play them, for tests of kinds of actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from octoperf_mcp.kit.running import Client, Platform

_MOST_POLLS: Final = 12
_NOWHERE: Final = "http://127.0.0.1:9/"
"""Of the request that the actions replace; nothing is sent there."""


@dataclass(frozen=True, slots=True)
class Played:
    """What became of actions, each by its id.

    `validated` are the rows of get_virtual_user_validation_index (`success`, `total`,
    `lastMessage`, …), `figures` the metrics of the load run (`HITS_TOTAL`, `ERRORS_TOTAL`, …; times
    in milliseconds).
    """

    virtual_user_id: str
    scenario_id: str
    bench_result_id: str
    report_id: str
    validated: Mapping[str, Mapping[str, Any]]
    figures: Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True, slots=True)
class Run:
    """A load run that has ended."""

    scenario_id: str
    bench_result_id: str
    report_id: str


def play(
    client: "Client",
    platform: "Platform",
    actions: Sequence[Mapping[str, Any]],
    *,
    users: int,
    seconds: int,
) -> Played:
    """See `Platform.play`."""
    project = {"projectId": platform.project_id}
    user_id = client.call("import_urls_virtual_user", urls=[_NOWHERE], **project)["id"]
    patch = [{"op": "replace", "path": "/children", "value": list(actions)}]
    client.call("patch_virtual_user", virtualUserId=user_id, patch=patch)
    place, location = place_of(client, platform)
    started = client.call(
        "validate_virtual_user",
        virtualUserId=user_id,
        providerId=place,
        location=location,
        **project,
    )
    ended(client, started["benchResultId"])
    rows = client.call("get_virtual_user_validation_index", virtualUserId=user_id)["actions"]
    run = loaded(client, platform, user_id, users=users, seconds=seconds)
    return Played(
        user_id,
        run.scenario_id,
        run.bench_result_id,
        run.report_id,
        {row["actionId"]: row for row in rows},
        _figures(client, run.report_id),
    )


def loaded(
    client: "Client", platform: "Platform", virtual_user_id: str, *, users: int, seconds: int
) -> Run:
    """Play a virtual user as load, and wait for the end.

    Raises:
        RuntimeError: the run did not finish.
    """
    place, location = place_of(client, platform)
    scenario = client.call(
        "create_scenario_ramp_up",
        scenarioName="Short run",
        virtualUserIds=[virtual_user_id],
        providerId=place,
        locations=[location],
        users=users,
        rampUpSec=0,
        holdForSec=seconds,
        projectId=platform.project_id,
    )
    started = client.call("run_scenario", scenarioId=scenario["id"])
    run_id = started["benchResultIds"][0]
    ended(client, run_id)
    return Run(scenario["id"], run_id, started["benchReportId"])


def place_of(client: "Client", platform: "Platform") -> tuple[str, str]:
    """Provider and location of the platform's own machine."""
    (provider,) = client.call(
        "list_docker_providers_by_workspace", workspaceId=platform.workspace_id
    )["dockerProviders"]
    return provider["id"], provider["locations"][0]


def ended(client: "Client", run_id: str) -> None:
    """Wait for the end of a run.

    Raises:
        RuntimeError: it did not finish.
    """
    for _ in range(_MOST_POLLS):
        run = client.call("get_bench_result", benchResultId=run_id, waitSec=25)
        if run["finished"]:
            if run["state"] == "FINISHED":
                return
            break
    raise RuntimeError(f"the run ended as {run['state']}: {run.get('cause', '')}")


def _figures(client: "Client", report_id: str) -> dict[str, dict[str, float | None]]:
    report = client.call("get_bench_report", reportId=report_id)
    (item,) = [
        one["itemId"] for one in report["readWith"] if one["type"] == "StatisticTableReportItem"
    ]
    table = client.call("get_report_table_values", reportId=report_id, itemId=item)
    metrics = [column["metric"] for column in table["columns"]]
    return {
        row["actionId"]: {
            metric: each.get("value") for metric, each in zip(metrics, row["values"], strict=True)
        }
        for row in table["entries"]
    }
