"""Load runs with real generator processes."""

import asyncio
import gzip
import itertools
import math
import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from octoperf_mcp.embedded.engine.load.caveats import is_overload, untold
from octoperf_mcp.embedded.engine.load.ramp import users_at
from octoperf_mcp.embedded.failures import Invalid, NotFound
from octoperf_mcp.embedded.metrics import values
from octoperf_mcp.embedded.metrics.gauge_limits import LAG_MS
from octoperf_mcp.embedded.metrics.items import item_of
from octoperf_mcp.embedded.metrics.reading import Limits
from tests.octoperf_mcp.embedded.engine.players import Json, node, request
from tests.octoperf_mcp.embedded.engine.stage import ADA, Stage, arrivals, ramp, think
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


async def until(condition: Callable[[], bool], *, what: str) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - the target counts in a thread
            await asyncio.sleep(0.02)
    assert condition(), what


async def test_users_come_and_go_at_their_own_instant(
    two_generators: Stage, target: Target
) -> None:
    """Within one user of `users_at` at every change, allowing for the lag of the generators."""
    stage = two_generators
    load = {
        **ramp(8, 1200, 300, delay_ms=300),
        "@type": "UserProfileLoadRampUpThenRampDown",
        "rampDownMs": 800,
    }
    virtual_user = await stage.virtual_user(request("/", thinktime=think(10)))
    result = await stage.played(await stage.scenario(stage.profile(virtual_user, load)))

    stamp = re.compile(r"^(\S+ \S+) INFO .*Thread (started|finished): ", re.MULTILINE)
    events = []
    for when, what in stamp.findall(stage.log(result["id"])):
        moment = datetime.strptime(when + "+0000", "%Y-%m-%d %H:%M:%S,%f%z")
        at_ms = round(moment.timestamp() * 1000) - result["startedAt"]
        events.append((at_ms, 1 if what == "started" else -1))
    assert len(events) == 16
    lag_ms = await stage.worst_lag_ms(result["id"])
    allowed = 1 + math.ceil((lag_ms + 30) * 10 / 1000)
    active = 0
    for at_ms, change in sorted(events):
        active += change
        assert abs(active - users_at(load, at_ms)) <= allowed, (at_ms, active, lag_ms)
    assert min(at_ms for at_ms, change in events if change > 0) >= 300


async def test_an_abort_cuts_requests_off_and_counts_them_apart(
    stage: Stage, target: Target
) -> None:
    virtual_user = await stage.virtual_user(request("/", thinktime=think(20)), request("/slow"))
    run_id = await stage.started(
        await stage.scenario(stage.profile(virtual_user, ramp(3, 0, 60_000)))
    )
    await until(lambda: target.by_path()["/slow"] == 3, what="three requests hang")
    stopping = await stage.runs.stop(run_id, ADA, by="ada@example.com")
    assert stopping.body["state"] == "RUNNING"
    await stage.runs.settled(run_id)

    result = await stage.result(run_id)
    assert result["state"] == "ABORTED"
    counted = await stage.counted(run_id)
    assert counted == {"Hit": 3, "CutOff": 3}
    assert counted["Hit"] + counted["CutOff"] == target.count
    lines = stage.log(run_id)
    assert "ada@example.com aborted the test" in lines
    assert lines.index("aborted the test") < lines.index("RUNNING => ABORTED")
    assert 0 < await stage.runs.progress(run_id, ADA) < 100
    again = await stage.runs.stop(run_id, ADA)
    assert again.body["state"] == "ABORTED"


async def test_requests_in_flight_at_the_planned_end_are_waited_for(
    stage: Stage, target: Target
) -> None:
    target.answers["/held"] = Answer("late", pause_s=1.0)
    virtual_user = await stage.virtual_user(request("/held"))
    result = await stage.played(await stage.scenario(stage.profile(virtual_user, ramp(2, 0, 300))))
    assert result["state"] == "FINISHED"
    assert await stage.counted(result["id"]) == {"Hit": 2}
    assert target.count == 2


async def test_a_killed_generator_loses_nothing_that_it_had_finished(
    two_generators: Stage, target: Target
) -> None:
    stage = two_generators
    virtual_user = await stage.virtual_user(request("/", thinktime=think(10)))
    run_id = await stage.started(
        await stage.scenario(stage.profile(virtual_user, ramp(4, 0, 1800)))
    )
    await until(lambda: target.count > 40, what="the load runs")
    os.kill(stage.pids(run_id)["local-2"], signal.SIGKILL)
    await stage.runs.settled(run_id)

    result = await stage.result(run_id)
    assert result["state"] == "FINISHED"
    counted = await stage.counted(run_id)
    users_of_the_dead = 2
    assert 0 <= target.count - counted["Hit"] <= users_of_the_dead
    assert set(counted) == {"Hit"}
    assert "Load generator local-2 is gone" in stage.log(run_id)


async def test_a_killed_platform_keeps_everything_and_aborts_its_run(
    stage: Stage, target: Target, tmp_path: Path
) -> None:
    virtual_user = await stage.virtual_user(request("/", thinktime=think(10)), request("/json"))
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(4, 0, 60_000)))
    service = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SERVICE, str(tmp_path), scenario.id, stdout=asyncio.subprocess.PIPE
    )
    assert service.stdout is not None
    run_id = (await service.stdout.readline()).decode().strip()
    await until(lambda: target.count > 60, what="the load runs")
    service.kill()
    await service.wait()

    stage.runs = await stage.other_runs()
    await stage.runs.settled(run_id)
    result = await stage.result(run_id)
    assert result["state"] == "ABORTED"
    counted = await stage.counted(run_id)
    assert sum(counted.values()) == target.count
    assert "the platform ended unexpectedly" in stage.log(run_id)
    assert "RUNNING => ABORTED" in stage.log(run_id)
    count = target.count
    again = await stage.other_runs()
    await again.settled(run_id)
    assert (await stage.counted(run_id), target.count) == (counted, count)


_SERVICE = """
import asyncio, sys
from pathlib import Path
from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.engine.runs.runs import Runs
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents

async def main(folder, scenario_id):
    database = await Database.open(f"sqlite:///{folder}/octoperf.db")
    documents = Documents(database)
    runs = Runs(settings=EmbeddedSettings(workers=2), data_dir=Path(folder), database=database,
                documents=documents, blobs=Blobs(database), metrics=MetricStore(database))
    await runs.open()
    report = await runs.start(scenario_id, "ada")
    print(report.body["benchResultIds"][0], flush=True)
    await asyncio.sleep(600)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_run_ends_when_its_users_have_used_up_their_iterations(
    stage: Stage, target: Target
) -> None:
    engine = {"@type": "JmeterUserProfileEngine", "settings": {"iterations": 2}}
    virtual_user = await stage.virtual_user(request("/"))
    profile = stage.profile(virtual_user, ramp(3, 0, 600_000), engine=engine)
    result = await stage.played(await stage.scenario(profile))
    assert (result["state"], target.count) == ("FINISHED", 6)
    assert "All users have finished" in stage.log(result["id"])


async def test_an_error_policy_may_end_the_test(stage: Stage, target: Target) -> None:
    engine = {"@type": "JmeterUserProfileEngine", "settings": {"errorHandling": "STOP_TEST"}}
    virtual_user = await stage.virtual_user(request("/"), request("/boom"))
    profile = stage.profile(virtual_user, ramp(1, 0, 600_000), engine=engine)
    result = await stage.played(await stage.scenario(profile))
    assert (result["state"], target.count) == ("FINISHED", 2)
    assert "Shutdown Test detected by thread: buyers 1-1" in stage.log(result["id"])


async def test_profiles_keep_apart_and_locations_have_generators_of_their_own(
    stage: Stage, target: Target
) -> None:
    first = await stage.virtual_user(request("/", thinktime=think(10)), name="A")
    second = await stage.virtual_user(request("/json", thinktime=think(10)), name="B")
    scenario = await stage.scenario(
        stage.profile(first, ramp(2, 0, 900)),
        stage.profile(second, ramp(1, 0, 600), location="away"),
    )
    result = await stage.played(scenario)
    assert result["state"] == "FINISHED"
    assert sum((await stage.counted(result["id"])).values()) == target.count
    assert set(target.by_path()) == {"/", "/json"}
    directory = await stage.runs.directory(result["id"], ADA)
    assert directory.names() == ["away-1.jtl.gz", "jmeter.log", "local-1.jtl.gz"]


async def test_variables_and_files_of_the_project_reach_the_generators(
    stage: Stage, target: Target
) -> None:
    await stage.file("users.csv", b"login\nann\nbob\n")
    csv = {"@type": "CSVVariable", "filename": "users.csv", "names": ["login"], "encoding": "",
           "delimiter": ",", "ignoreFirstLine": True, "scope": "SHARED"}  # fmt: skip
    await stage.create("variable", {"name": "accounts", "description": "", "variable": csv})
    secret = {"@type": "SecretVariable", "value": {"type": "PLAIN", "value": "hu5h-hu5h"}}
    await stage.create("variable", {"name": "pw", "description": "", "variable": secret})
    virtual_user = await stage.virtual_user(
        request("/echo", parameters=[{"name": "u", "value": "${login}"}]),
        request("/boom", headers=[{"name": "X-Pw", "value": "${pw}"}], id="boom"),
        request("/boom", parameters=[{"name": "pw", "value": "${pw}"}], id="boom2"),
    )
    engine = {"@type": "JmeterUserProfileEngine", "settings": {"iterations": 2}}
    profile = stage.profile(virtual_user, ramp(1, 0, 600_000), engine=engine)
    result = await stage.played(await stage.scenario(profile))

    assert [hit.query["u"] for hit in target.hits[::3]] == [["ann"], ["bob"]]
    assert target.hits[1].headers["x-pw"] == "hu5h-hu5h"
    folder = stage.data_dir / "runs" / result["id"]
    for path in folder.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        assert b"hu5h" not in data, path


async def test_a_target_that_is_down_gives_readable_failures(stage: Stage) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        await stage.documents.change(
            "http_server", stage.server_id, lambda body: {**body, "port": port}
        )
        engine = {"@type": "JmeterUserProfileEngine", "settings": {"iterations": 1}}
        virtual_user = await stage.virtual_user(request("/", id="down"))
        profile = stage.profile(virtual_user, ramp(2, 0, 600_000), engine=engine)
        result = await stage.played(await stage.scenario(profile))
    assert result["state"] == "FINISHED"
    errors = await stage.errors(result["id"])
    refused = f"Connect to 127.0.0.1:{port} failed: Connection refused"
    assert {(error["code"], error["message"]) for error in errors} == {
        ("-1", f"org.apache.http.conn.HttpHostConnectException: {refused}")
    }


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"virtualUserId": "gone"}, "virtual user 'gone'"),
        ({"providerId": "gone"}, "provider 'gone'"),
        ({"location": "mars"}, "away, local"),
        ({"load": {"@type": "UserProfileLoadWave"}}, "UserProfileLoadRampUp"),
        ({"load": {**ramp(1, 0, 1), "plateauVus": 0}}, "plateauVus"),
    ],
)
async def test_a_scenario_that_cannot_run_is_refused_with_what_to_mend(
    stage: Stage, change: Json, named: str
) -> None:
    virtual_user = await stage.virtual_user(request("/"))
    profile = {**stage.profile(virtual_user, ramp(1, 0, 100)), **change}
    scenario = await stage.scenario(profile)
    with pytest.raises(Invalid, match=named):
        await stage.runs.start(scenario.id, ADA)
    assert await stage.documents.list("bench_result", user_id=ADA) == []


async def test_virtual_users_that_hold_fragments_are_refused(stage: Stage) -> None:
    virtual_user = await stage.virtual_user(type="FRAGMENTS")
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(1, 0, 100)))
    with pytest.raises(Invalid, match="'VU'"):
        await stage.runs.start(scenario.id, ADA)


async def test_what_the_sanity_check_calls_an_error_refuses_the_run(stage: Stage) -> None:
    await stage.create(
        "variable",
        {"name": "users", "variable": {"@type": "CSVVariable", "filename": "gone.csv"}},
    )
    virtual_user = await stage.virtual_user(request("/${login}"), request("/a", serverId="deleted"))
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(1, 0, 100)))
    with pytest.raises(Invalid, match=r"found 2 errors: .*gone\.csv; No Server Found for /a"):
        await stage.started(scenario)


async def test_a_scenario_without_profiles_is_refused(stage: Stage) -> None:
    scenario = await stage.scenario()
    with pytest.raises(Invalid, match="no user profile"):
        await stage.runs.start(scenario.id, ADA)


async def test_a_stranger_neither_starts_nor_stops_nor_reads_a_run(stage: Stage) -> None:
    virtual_user = await stage.virtual_user(request("/"))
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(1, 0, 60_000)))
    run_id = await stage.started(scenario)
    with pytest.raises(NotFound):
        await stage.runs.start(scenario.id, "eve")
    with pytest.raises(NotFound):
        await stage.runs.stop(run_id, "eve")
    with pytest.raises(NotFound):
        await stage.runs.directory(run_id, "eve")
    await stage.runs.stop(run_id, ADA)
    await stage.runs.settled(run_id)


async def test_a_run_that_is_stopped_at_once_never_sends_anything(
    stage: Stage, target: Target
) -> None:
    virtual_user = await stage.virtual_user(request("/"))
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(1, 0, 60_000)))
    run_id = await stage.started(scenario)
    await stage.runs.stop(run_id, ADA)
    await stage.runs.settled(run_id)
    assert ((await stage.result(run_id))["state"], target.count) == ("ABORTED", 0)


async def test_a_platform_that_stops_aborts_its_runs(stage: Stage, target: Target) -> None:
    virtual_user = await stage.virtual_user(request("/", thinktime=think(20)))
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(2, 0, 60_000)))
    run_id = await stage.started(scenario)
    await until(lambda: target.count > 5, what="the load runs")
    await stage.runs.close()
    assert (await stage.result(run_id))["state"] == "ABORTED"
    assert sum((await stage.counted(run_id)).values()) == target.count
    assert "The platform, which is stopping, aborted the test" in stage.log(run_id)


async def test_generators_that_do_not_come_up_are_an_error_that_can_be_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "octoperf_mcp.embedded.engine.processes.worker_process._MODULE", "no_such_module"
    )
    virtual_user = await stage.virtual_user(request("/"))
    result = await stage.played(await stage.scenario(stage.profile(virtual_user, ramp(1, 0, 100))))
    assert result["state"] == "ERROR"
    assert "ended with status 1" in stage.log(result["id"])
    directory = await stage.runs.directory(result["id"], ADA)
    messages = " ".join(str(line["message"]) for line in directory.start_up_lines())
    assert "no_such_module" in messages


async def test_a_run_that_is_deleted_under_way_ends_and_takes_its_folder_with_it(
    stage: Stage, target: Target
) -> None:
    virtual_user = await stage.virtual_user(request("/", thinktime=think(20)))
    profile = stage.profile(virtual_user, ramp(1, 0, 60_000))
    run_id = await stage.started(await stage.scenario(profile))
    folder = stage.data_dir / "runs" / run_id
    await until(lambda: target.count > 0, what="the load runs")
    await stage.documents.delete("bench_result", run_id, user_id=ADA)
    await stage.runs.settled(run_id)
    await until(lambda: not folder.exists(), what="the folder goes")


async def test_folders_of_runs_that_are_gone_are_swept_at_the_start(stage: Stage) -> None:
    folder = stage.data_dir / "runs" / "gone"
    folder.mkdir(parents=True)
    await stage.other_runs()
    await until(lambda: not folder.exists(), what="the folder goes")


async def test_arrivals_start_at_their_rate_whatever_the_target_takes(
    two_generators: Stage, target: Target
) -> None:
    """Open arrival: 60 in 1.5 s, though each takes 200 ms and the two generators share them."""
    stage = two_generators
    target.answers["/"] = Answer("late", pause_s=0.2)
    virtual_user = await stage.virtual_user(request("/"))
    load = arrivals((0, 2400), (1500, 2400), (3000, 0), users=60)
    result = await stage.played(await stage.scenario(stage.profile(virtual_user, load)))

    assert (result["state"], result["userLoad"], result["durationMs"]) == ("FINISHED", 60, 3000)
    assert (await stage.counted(result["id"]))["Hit"] == target.count
    [counts] = result["arrivals"]
    assert (counts["profile"], counts["planned"]) == ("buyers", 90)
    assert counts["started"] + counts["dropped"] == 90
    assert target.count == counts["started"]
    lag_ms = await stage.worst_lag_ms(result["id"])
    assert counts["dropped"] <= 1 + lag_ms * 40 / 1000


async def test_arrivals_beyond_the_users_are_told_and_never_silent(
    stage: Stage, target: Target
) -> None:
    target.answers["/"] = Answer("late", pause_s=0.3)
    virtual_user = await stage.virtual_user(request("/"))
    load = arrivals((0, 600), (2000, 600), users=1)
    result = await stage.played(await stage.scenario(stage.profile(virtual_user, load)))

    [counts] = result["arrivals"]
    assert counts["planned"] == 20
    assert counts["started"] == target.count < 10
    assert counts["dropped"] == 20 - counts["started"]
    assert counts["lateMaxMs"] > 500
    [caveat] = result["caveats"]
    assert f"{counts['started']} of 20 arrivals started" in caveat
    assert caveat in result["cause"]
    log = stage.log(result["id"])
    assert caveat in log
    assert "they start late" in log


async def test_a_stall_of_the_target_shows_in_the_times_that_count_waiting(
    stage: Stage, target: Target
) -> None:
    """No coordinated omission: the requests alone hardly notice that it stood still for 1.5 s."""
    asked = itertools.count()
    target.answers["/"] = lambda _: Answer("", pause_s=1.5 if next(asked) == 20 else 0)
    virtual_user = await stage.virtual_user(request("/"))
    load = arrivals((0, 1200), (4000, 1200), users=1)
    result = await stage.played(await stage.scenario(stage.profile(virtual_user, load)))

    run_id = result["id"]
    report = await stage.documents.get("bench_report", result["benchReportId"], user_id=ADA)
    assert "meant to start" in report.body["items"][-1]["name"]
    waited, requests = await p90(stage, run_id, "Iteration"), await p90(stage, run_id, "Hit")
    assert requests < 0.5
    assert waited > 0.9
    counted = await stage.counted(run_id)
    assert counted["Iteration"] <= counted["Hit"] == target.count
    assert counted["Iteration"] >= counted["Hit"] - 1
    assert raw_rows(stage, run_id) == counted["Hit"] + counted["Iteration"]


async def test_paced_iterations_are_measured_and_leave_the_raw_samples_as_they_are(
    stage: Stage, target: Target
) -> None:
    """Clients of the original count the rows of JTL files."""
    virtual_user = await stage.virtual_user(request("/"))
    pacing = {"min": 100, "max": 100, "unit": "MILLISECONDS"}
    engine = {"settings": {"thinkTime": {"pacing": pacing}}}
    profile = stage.profile(virtual_user, ramp(2, 0, 800), engine=engine)
    result = await stage.played(await stage.scenario(profile))
    counted = await stage.counted(result["id"])
    assert 0 < counted["Iteration"] <= counted["Hit"]
    assert raw_rows(stage, result["id"]) == counted["Hit"] == target.count


def raw_rows(stage: Stage, run_id: str) -> int:
    """Rows of the JTL file of a run with one generator."""
    path = stage.data_dir / "runs" / run_id / "files" / "local-1.jtl.gz"
    return len(gzip.decompress(path.read_bytes()).splitlines()) - 1


async def p90(stage: Stage, run_id: str, kind: str) -> float:
    """90th percentile of the response time of the samples of a kind, in seconds."""
    kinds = {"@type": "SingleTermFilter", "field": "subSampleType", "term": kind}
    metric = {"id": "RESPONSE_TIME_PERCENTILE_90", "type": "BASIC", "benchResultId": run_id}
    body = {"@type": "SummaryReportItem", "metrics": [{**metric, "filters": [kinds]}]}
    async with stage.metrics.views([run_id]) as views:
        item = item_of(body, "/analysis/metrics/summary")
        [found] = await values.summary(views, item, Limits())
    return found


async def test_a_generator_that_could_not_keep_up_is_a_caveat_of_the_run(
    stage: Stage, target: Target
) -> None:
    """A machine that does not let it work for a while is an overload that needs no luck."""
    virtual_user = await stage.virtual_user(request("/", thinktime=think(20)))
    run_id = await stage.started(
        await stage.scenario(stage.profile(virtual_user, ramp(1, 0, 2500)))
    )
    await until(lambda: target.count > 5, what="the user plays")
    generator = stage.pids(run_id)["local-1"]
    os.kill(generator, signal.SIGSTOP)
    try:
        await asyncio.sleep(6 * LAG_MS / 1000)  # the pause is the fault
    finally:
        os.kill(generator, signal.SIGCONT)
    await stage.runs.settled(run_id)
    result = await stage.result(run_id)
    [caveat] = [each for each in result["caveats"] if is_overload(each)]
    assert caveat.startswith("The load generator local-1 was overloaded for ")
    assert (result["state"], result["cause"]) == ("FINISHED", "The planned end is reached")
    assert untold(result) == [caveat]
    assert untold({**result, "cause": f"It ended. {caveat}"}) == []
    assert "Response times are not to be trusted" in stage.log(run_id)
