"""A scenario of two virtual users at two locations that fails in every way, played for real."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from octoperf_mcp.demo.shop import start_shop
from tests.end_to_end.every_tool import _post_file, _recorded, _until_finished
from tests.end_to_end.raw_samples import METRICS, RawRun, read_run

if TYPE_CHECKING:
    from octoperf_mcp.cli.agent import Agent
    from tests.end_to_end.conftest import Server

AWAY = "away"
NOWHERE = "http://127.0.0.1:1"
PAUSE = {"@type": "ThinktimeConstant", "value": 20}
HIT = {"@type": "SingleTermFilter", "field": "subSampleType", "term": "Hit"}
SLO = """\
[[thresholds]]
metric = "RESPONSE_TIME_PERCENTILE_95"
max = 1000000
[[thresholds]]
metric = "RESPONSE_TIME_MAX"
max = 0.001
[[thresholds]]
metric = "ERRORS_PERCENT"
max = 100
[[thresholds]]
metric = "HITS_TOTAL"
min = 1
action = "Home, checked"
"""


def add_location(server: Server) -> None:
    """Let this machine serve a second location; the server is not running."""
    with closing(sqlite3.connect(server.folder / "data" / "octoperf.db")) as database, database:
        ((document, body),) = database.execute(
            "SELECT id, body FROM document WHERE kind = 'docker_provider'"
        ).fetchall()
        changed = json.loads(body)
        changed["regions"][AWAY] = {}
        database.execute(
            "UPDATE document SET body = ? WHERE kind = 'docker_provider' AND id = ?",
            (json.dumps(changed), document),
        )


@dataclass(frozen=True)
class Played:
    """Two runs of one scenario, the older one first."""

    project_id: str
    scenario_id: str
    before: RawRun
    run: RawRun

    def metrics(self, *names: str, run: RawRun | None = None, **more: Any) -> list[dict[str, Any]]:
        """Metrics of an item, of hits unless told otherwise."""
        given = {
            "type": "BASIC",
            "benchResultId": (run or self.run).run_id,
            "filters": [HIT],
            "configs": [],
        }
        return [{"id": name, **given, **more} for name in names or METRICS]


async def play_twice(agent: Agent) -> Played:
    """Record, alter, run two times, and read the raw samples."""
    shop = await start_shop()
    try:
        known = await _recorded(agent, shop.url)
        failing = await _failing_user(agent, known["projectId"], shop.url)
        scenario_id = await _scenario(agent, known, failing)
        ticket = await agent.call(
            "upload_project_file", {"projectId": known["projectId"], "filename": "slo.toml"}
        )
        await _post_file(ticket["url"], "slo.toml", SLO.encode())
        runs = [await _run(agent, scenario_id) for _ in range(2)]
        return Played(known["projectId"], scenario_id, *runs)
    finally:
        await shop.close()


async def _failing_user(agent: Agent, project_id: str, shop_url: str) -> str:
    """One that gets a 404, no connection, a failed assertion, and embedded resources."""
    urls = [f"{shop_url}/", f"{shop_url}/product/none", f"{NOWHERE}/", f"{shop_url}/search?q=lamp"]
    made = await agent.call(
        "import_urls_virtual_user", {"projectId": project_id, "urls": urls, "name": "Failing"}
    )
    user = {"virtualUserId": made["id"]}
    document = (await agent.call("get_virtual_user", user))["virtualUser"]
    requests = [
        (pointer, node)
        for pointer, node in _walk(document["children"], "/children")
        if node["@type"] == "HttpRequestAction"
    ]
    (home, first), *_ = requests
    assertion = {
        "@type": "ResponseAssertion",
        "id": "asserted",
        "name": "No lamp",
        "enabled": True,
        "children": [],
        "type": "REQUEST_ONLY",
        "location": "BODY",
        "rule": "CONTAINS",
        "patterns": ["never in there"],
    }
    patch = [
        {"op": "add", "path": f"{home}/children/{len(first['children'])}", "value": assertion},
        {"op": "add", "path": f"{home}/name", "value": "Home, checked"},
        {"op": "add", "path": f"{requests[3][0]}/downloadResources", "value": True},
        *({"op": "add", "path": f"{at}/thinktime", "value": PAUSE} for at, _ in requests),
    ]
    await agent.call("patch_virtual_user", {**user, "patch": patch})
    return str(made["id"])


def _walk(nodes: list[dict[str, Any]], pointer: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for index, node in enumerate(nodes):
        where = f"{pointer}/{index}"
        found += [(where, node), *_walk(node.get("children") or [], f"{where}/children")]
    return found


async def _scenario(agent: Agent, known: dict[str, Any], failing: str) -> str:
    made = await agent.call(
        "create_scenario_ramp_up",
        {
            "scenarioName": "Figures",
            "projectId": known["projectId"],
            "virtualUserIds": [known["virtualUserId"], failing],
            "providerId": known["providerId"],
            "locations": ["local", AWAY],
            "users": 8,
            "rampUpSec": 1,
            "holdForSec": 5,
        },
    )
    return str(made["id"])


async def _run(agent: Agent, scenario_id: str) -> RawRun:
    run = await agent.call("run_scenario", {"scenarioId": scenario_id})
    (run_id,) = run["benchResultIds"]
    await _until_finished(agent, "get_bench_result", {"benchResultId": run_id})
    return await read_run(agent, run_id, run["benchReportId"])
