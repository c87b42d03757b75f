"""Load runs with real generator processes."""

from tests.octoperf_mcp.embedded.engine.players import node, request
from tests.octoperf_mcp.embedded.engine.stage import ADA, Stage, ramp, think
from tests.octoperf_mcp.embedded.engine.target import Answer, Target


async def test_a_planned_run_counts_what_the_target_counted(
    two_generators: Stage, target: Target
) -> None:
    """Redirects included; and the run leaves a report, a frozen project and its files."""
    stage = two_generators
    target.answers["/first"] = Answer("", 302, [("Location", "/json")])
    virtual_user = await stage.virtual_user(
        node(
            "ContainerAction",
            request("/", thinktime=think(20)),
            request("/first", followRedirects=True),
            id="c",
        )
    )
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(6, 500, 1200)))
    result = await stage.played(scenario, name="Tuesday")

    assert (result["state"], result["name"], result["tags"]) == ("FINISHED", "Tuesday", ["t"])
    assert (result["userLoad"], result["durationMs"]) == (6, 1700)
    assert result["endedAt"] >= result["startedAt"] + 1700
    counted = await stage.counted(result["id"])
    assert counted["Hit"] + counted["Resource"] == target.count
    assert "CutOff" not in counted

    report = await stage.documents.get("bench_report", result["benchReportId"], user_id=ADA)
    assert report.body["benchResultIds"] == [result["id"]]
    frozen = await stage.documents.get("project", result["resultProjectId"], user_id=ADA)
    assert (frozen.body["type"], result["designProjectId"]) == ("RESULT", stage.project_id)
    [copy] = await stage.documents.list("virtual_user", user_id=ADA, project_id=frozen.id)
    [server] = await stage.documents.list("http_server", user_id=ADA, project_id=frozen.id)
    assert copy.body["children"][0]["children"][0]["serverId"] == server.id
    directory = await stage.runs.directory(result["id"], ADA)
    assert directory.names() == ["jmeter.log", "local-1.jtl.gz", "local-2.jtl.gz"]
    assert "Test status changed: RUNNING => FINISHED" in stage.log(result["id"])
    assert await stage.runs.progress(result["id"], ADA) == 100.0
