"""Machines in processes of their own: what they play, and that nothing of it is lost."""

import asyncio
import gzip
import signal
from collections.abc import Callable

from octoperf_mcp.embedded.engine.load.caveats import is_overload
from tests.octoperf_mcp.embedded.engine.players import Json, request
from tests.octoperf_mcp.embedded.engine.stage import ramp, think
from tests.octoperf_mcp.embedded.engine.target import Target
from tests.octoperf_mcp.embedded.generators.places import Places

CSV = {
    "@type": "CSVVariable", "filename": "names.csv", "names": ["name"], "encoding": "",
    "delimiter": ",", "ignoreFirstLine": True, "scope": "SHARED",
}  # fmt: skip


def told(result: Json) -> list[str]:
    """Caveats about machines; how busy this one is with other tests is no matter here."""
    return [caveat for caveat in result["caveats"] if not is_overload(caveat)]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - the target counts in a thread
            await asyncio.sleep(0.02)


async def test_a_run_is_spread_over_three_machines_and_counted_exactly(
    places: Places, target: Target
) -> None:
    stage = places.stage
    await places.joined("one", "two", "three")
    virtual_user = await stage.virtual_user(request("/", thinktime=think(20)))
    scenario = await stage.scenario(places.profile(virtual_user, ramp(6, 300, 1500)))
    result = await stage.played(scenario)

    assert result["state"] == "FINISHED"
    assert told(result) == []
    assert await stage.counted(result["id"]) == {"Hit": target.count}
    names = (await stage.runs.directory(result["id"], "ada")).names()
    generators = ["paris-1", "paris-2", "paris-3"]
    assert names == sorted(
        ["jmeter.log", *(f"{each}{end}" for each in generators for end in (".jtl.gz", ".log"))]
    )
    for each in generators:
        raw = (stage.data_dir / "runs" / result["id"] / "files" / f"{each}.jtl.gz").read_bytes()
        assert gzip.decompress(raw).count(b"\n") > 1


async def test_a_killed_machine_is_told_of_and_sends_its_rest_when_it_is_back(
    places: Places, target: Target
) -> None:
    stage = places.stage
    boxes = await places.joined("one", "two", "three")
    virtual_user = await stage.virtual_user(request("/", thinktime=think(10)))
    scenario = await stage.scenario(places.profile(virtual_user, ramp(6, 0, 8000)))
    run_id = await stage.started(scenario)
    await until(lambda: target.count > 60)
    await boxes[1].kill()
    await stage.runs.settled(run_id)

    result = await stage.result(run_id)
    assert result["state"] == "FINISHED"
    gone, missing = told(result)
    assert "is gone since" in gone
    assert "two (" in gone
    assert "the 2 others of 'paris' took its users over" in gone
    assert "missing until its machine joins again" in missing
    assert gone in result["cause"]
    before = (await stage.counted(run_id))["Hit"]
    users_of_the_dead = 2
    assert target.count - before > users_of_the_dead

    again = await places.box("two", await places.token())
    await again.says("joined Ours")
    async with asyncio.timeout(30):
        while await places.hub.known.owing(run_id):  # noqa: ASYNC110 - another process delivers
            await asyncio.sleep(0.05)
        while "All results are here" not in (await stage.result(run_id))["cause"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    after = (await stage.counted(run_id))["Hit"]
    assert 0 <= target.count - after <= users_of_the_dead
    assert not list((again.folder / "runs").iterdir())


async def test_project_files_and_variables_reach_the_machines(
    places: Places, target: Target
) -> None:
    """Each machine has its own lines of a shared file, as each generator has."""
    stage = places.stage
    await stage.file("names.csv", b"name\nann\nbob\ncid\ndan\n")
    await stage.create("variable", {"name": "names", "description": "", "variable": CSV})
    await places.joined("one", "two")
    virtual_user = await stage.virtual_user(
        request("/echo", parameters=[{"name": "u", "value": "${name}"}])
    )
    once = {"engine": {"@type": "JmeterUserProfileEngine", "settings": {"iterations": 1}}}
    result = await stage.played(
        await stage.scenario(places.profile(virtual_user, ramp(4, 0, 5000), **once))
    )
    assert result["state"] == "FINISHED"
    names = sorted(hit.query["u"][0] for hit in target.hits)
    assert names == ["ann", "bob", "cid", "dan"]
    lines = (await stage.runs.directory(result["id"], "ada")).start_up_lines()
    said = {(line["container"], str(line["message"]).split()[0]) for line in lines}
    for generator in ("paris-1", "paris-2"):
        assert {(generator, "Generator"), (generator, "started"), (generator, "joined")} <= said


async def test_a_machine_that_leaves_hands_its_users_over_and_its_samples_in(
    places: Places, target: Target
) -> None:
    stage = places.stage
    token = await places.token()
    stays, leaves = await places.box("one", token), await places.box("two", token, "--drain", "0")
    for box in (stays, leaves):
        await box.says("joined Ours")
    virtual_user = await stage.virtual_user(request("/", thinktime=think(20)))
    run_id = await stage.started(
        await stage.scenario(places.profile(virtual_user, ramp(4, 0, 6000)))
    )
    await until(lambda: target.count > 40)
    leaves.process.send_signal(signal.SIGTERM)
    assert await leaves.ended() == 0
    await stage.runs.settled(run_id)
    result = await stage.result(run_id)
    assert result["state"] == "FINISHED"
    [gone] = told(result)
    assert "its machine left" in gone
    counted = await stage.counted(run_id)
    assert sum(counted.values()) == target.count
    assert await places.hub.known.owing(run_id) == []
    assert not list((leaves.folder / "runs").iterdir())


async def test_a_run_that_is_stopped_ends_on_the_machines_too(
    places: Places, target: Target
) -> None:
    stage = places.stage
    await places.joined("one")
    virtual_user = await stage.virtual_user(request("/", thinktime=think(20)))
    run_id = await stage.started(
        await stage.scenario(places.profile(virtual_user, ramp(2, 0, 60_000)))
    )
    await until(lambda: target.count > 20)
    await stage.runs.stop(run_id, "ada", by="ada")
    await stage.runs.settled(run_id)
    result = await stage.result(run_id)
    assert (result["state"], result["cause"]) == ("ABORTED", "ada aborted the test")
    assert sum((await stage.counted(run_id)).values()) == target.count
