"""Machines in processes of their own: what they play, and that nothing of it is lost."""

import asyncio
import gzip
from collections.abc import Callable

from tests.octoperf_mcp.embedded.engine.players import request
from tests.octoperf_mcp.embedded.engine.stage import ramp, think
from tests.octoperf_mcp.embedded.engine.target import Target
from tests.octoperf_mcp.embedded.generators.places import Places


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
    assert result["caveats"] == []
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
    gone, missing = result["caveats"]
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
