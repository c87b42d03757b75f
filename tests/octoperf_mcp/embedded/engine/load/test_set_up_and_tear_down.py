"""Set-up and tear-down of profiles, with real generator processes."""

import asyncio
from typing import Any

import pytest

from octoperf_mcp.embedded.failures import Invalid
from tests.octoperf_mcp.embedded.engine.players import Json, request
from tests.octoperf_mcp.embedded.engine.stage import Stage, ramp, think
from tests.octoperf_mcp.embedded.engine.target import Target


def helpers(**settings: Any) -> Json:
    """The engine block of a profile with these settings."""
    return {
        "@type": "JmeterUserProfileEngine",
        "settings": {"errorHandling": "CONTINUE"} | settings,
    }


def helper(virtual_user_id: str, **more: Any) -> Json:
    return {"virtualUserId": virtual_user_id, "scope": "GLOBAL", "loopCount": 1} | more


async def test_a_set_up_ends_before_the_first_user_and_a_tear_down_follows_the_last(
    two_generators: Stage, target: Target
) -> None:
    """Its time is taken out of the run's; with the scope GLOBAL it plays on one generator."""
    stage = two_generators
    before = await stage.virtual_user(request("/login", id="s"), request("/short-pause", id="p"))
    after = await stage.virtual_user(request("/bye", id="t"))
    virtual_user = await stage.virtual_user(request("/", thinktime=think(10)))
    engine = helpers(
        setUp=helper(before.id, loopCount=2), tearDown=helper(after.id, numberOfThreads=2)
    )
    profile = stage.profile(virtual_user, ramp(4, 0, 1200), engine=engine)
    result = await stage.played(await stage.scenario(profile))
    assert result["state"] == "FINISHED"
    paths = [hit.path for hit in target.hits]
    assert paths[:4] == ["/login", "/short-pause"] * 2
    assert paths[-2:] == ["/bye"] * 2
    assert set(paths[4:-2]) == {"/"}
    counted = await stage.counted(result["id"])
    assert counted == {"Hit": target.count}


async def test_a_local_set_up_plays_on_every_generator_and_may_have_as_many_users(
    two_generators: Stage, target: Target
) -> None:
    stage = two_generators
    before = await stage.virtual_user(request("/login"))
    virtual_user = await stage.virtual_user(request("/", thinktime=think(10)))
    once = stage.profile(
        virtual_user, ramp(1, 0, 300), engine=helpers(setUp=helper(before.id, scope="LOCAL"))
    )
    await stage.played(await stage.scenario(once))
    assert target.by_path()["/login"] == 2
    many = helper(before.id, scope="LOCAL", numberOfThreads=-1)
    all_users = stage.profile(virtual_user, ramp(5, 0, 300), engine=helpers(setUp=many))
    await stage.played(await stage.scenario(all_users))
    assert target.by_path()["/login"] == 2 + 5


async def test_a_failing_set_up_may_end_the_test(stage: Stage, target: Target) -> None:
    before = await stage.virtual_user(request("/boom"))
    after = await stage.virtual_user(request("/bye"))
    virtual_user = await stage.virtual_user(request("/", thinktime=think(10)))
    engine = helpers(
        setUp=helper(before.id, onSampleError="STOP_TEST", loopCount=5),
        tearDown=helper(after.id),
    )
    profile = stage.profile(virtual_user, ramp(2, 0, 60_000), engine=engine)
    result = await stage.played(await stage.scenario(profile))
    assert result["state"] == "FINISHED"
    assert target.by_path() == {"/boom": 1, "/bye": 1}


@pytest.mark.parametrize("which", ["setUp", "tearDown"])
async def test_a_stop_ends_a_set_up_and_a_tear_down_too(
    stage: Stage, target: Target, which: str
) -> None:
    endless = await stage.virtual_user(request("/login", thinktime=think(10)))
    virtual_user = await stage.virtual_user(request("/", thinktime=think(10)))
    engine = helpers(**{which: helper(endless.id, loopCount=-1)})
    hold_ms = 60_000 if which == "setUp" else 200
    profile = stage.profile(virtual_user, ramp(1, 0, hold_ms), engine=engine)
    profile["load"]["rampDownMs"] = 0
    run_id = await stage.started(await stage.scenario(profile))
    async with asyncio.timeout(30):
        while target.by_path()["/login"] < 2:  # noqa: ASYNC110 - the target counts in a thread
            await asyncio.sleep(0.02)
    if which == "setUp":
        await stage.runs.stop(run_id, "ada")
    await stage.runs.settled(run_id)
    result = await stage.result(run_id)
    assert result["state"] == ("ABORTED" if which == "setUp" else "FINISHED")
    counted = await stage.counted(run_id)
    assert counted["Hit"] + counted.get("CutOff", 0) == target.count


async def test_a_stopped_run_plays_no_tear_down_and_says_so(stage: Stage, target: Target) -> None:
    after = await stage.virtual_user(request("/bye"))
    virtual_user = await stage.virtual_user(request("/", thinktime=think(10)))
    engine = helpers(tearDown=helper(after.id))
    profile = stage.profile(virtual_user, ramp(1, 0, 60_000), engine=engine)
    run_id = await stage.started(await stage.scenario(profile))
    async with asyncio.timeout(30):
        while not target.count:  # noqa: ASYNC110 - the target counts in a thread
            await asyncio.sleep(0.02)
    await stage.runs.stop(run_id, "ada")
    await stage.runs.settled(run_id)
    assert target.by_path()["/bye"] == 0
    assert "The tear-down is not played, since the test was stopped." in stage.log(run_id)


async def test_a_set_up_of_a_virtual_user_that_is_gone_is_refused(stage: Stage) -> None:
    virtual_user = await stage.virtual_user(request("/"))
    engine = helpers(setUp=helper("gone"))
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(1, 0, 100), engine=engine))
    with pytest.raises(Invalid, match="There is no virtual user 'gone'"):
        await stage.started(scenario)
