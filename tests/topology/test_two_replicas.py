"""Two replicas behind nginx, as deploy/ describes them: restarted, killed, without Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.topology.load import MODES, agents_at

if TYPE_CHECKING:
    from tests.topology.conftest import Installation


async def test_a_rolling_restart_under_load_fails_no_call(installation: Installation) -> None:
    async with agents_at(installation.url) as load:
        async with load.running():
            await load.more(20)
            for replica in installation.replicas:
                assert await replica.restart() == 0
                await load.more(20)
        assert load.failed == []
        assert await load.kept() == load.made
    logs = [replica.log.read_text("utf-8") for replica in installation.replicas]
    handshakes = sum(log.count('"rpc_method":"initialize"') for log in logs)
    assert handshakes == MODES.count("legacy")
    assert all("calls_cut_off" not in log for log in logs)


@pytest.mark.parametrize("which", [0, 1])
async def test_a_killed_replica_costs_at_most_the_calls_under_way(
    installation: Installation, which: int
) -> None:
    """Nobody may repeat a call that a replica has received: its client is told, and decides."""
    replica = installation.replicas[which]
    async with agents_at(installation.url) as load:
        async with load.running():
            await load.more(20)
            replica.kill()
            await load.more(40)
            await replica.begin_again()
            await load.more(20)
        assert len(load.failed) <= len(MODES), load.failed
        assert await load.kept() == load.made
    logs = [each.log.read_text("utf-8") for each in installation.replicas]
    assert sum(log.count('"rpc_method":"initialize"') for log in logs) == MODES.count("legacy")


async def test_a_killed_redis_stops_no_call(installation: Installation) -> None:
    async with agents_at(installation.url) as load:
        async with load.running():
            await load.more(20)
            installation.redis.kill()
            await load.more(40)
            installation.redis.start()
            await load.more(20)
        assert load.failed == []
        assert await load.kept() == load.made
