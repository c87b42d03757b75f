"""What replicas share in a real Redis: two relays stand for two replicas."""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator, Iterator

import pytest

from octoperf_mcp.errors import ConfigError, StoreUnavailableError
from octoperf_mcp.protocol.relay import CHANGES, Entry, Relay
from tests.redis_server import RedisServer, running_redis

pytest.importorskip("redis")

from octoperf_mcp.protocol.relay_redis import RedisRelay


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def pair(redis: RedisServer) -> AsyncIterator[tuple[RedisRelay, RedisRelay]]:
    if redis.process is None:
        redis.start()
    prefix = secrets.token_hex(4)
    pair = RedisRelay(redis.url, prefix, max_log_bytes=25), RedisRelay(redis.url, prefix)
    for relay in pair:
        await relay.open()
    yield pair
    for relay in pair:
        await relay.close()


async def eventually(relay: Relay, log: str, data: bytes) -> int:
    """Append as soon as the store is there."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await relay.append(log, data)
            except StoreUnavailableError:
                await asyncio.sleep(0.05)


async def test_another_replica_reads_messages_with_their_numbers(
    pair: tuple[RedisRelay, RedisRelay],
) -> None:
    here, there = pair
    assert [await here.append("a", data) for data in (b"1", b"2", b"3")] == [1, 2, 3]
    assert await there.read({"a": 1}, 0) == [Entry("a", 2, b"2"), Entry("a", 3, b"3")]
    assert await there.last("a") == 3
    assert await there.last("unknown") == 0
    assert await there.read({"unknown": 0, "a": 3}, 0) == []
    await there.forget("a")
    assert await here.last("a") == 0


async def test_who_waits_is_woken_by_another_replica(pair: tuple[RedisRelay, RedisRelay]) -> None:
    here, there = pair
    async with asyncio.timeout(5):
        readers = [asyncio.create_task(here.read({"a": 0, "b": 0}, 60)) for _ in range(50)]
        await there.append("b", b"x")
        for found in await asyncio.gather(*readers):
            assert found == [Entry("b", 1, b"x")]


async def test_connections_that_died_with_redis_fail_nothing_once_it_is_back(
    pair: tuple[RedisRelay, RedisRelay], redis: RedisServer
) -> None:
    here, _ = pair
    await asyncio.gather(*(here.put(str(number), b"x", 60) for number in range(10)))
    redis.kill()
    with pytest.raises(StoreUnavailableError):
        await here.get("0")
    assert "Redis is away" in here.trouble()
    redis.start()
    await eventually(here, "a", b"x")
    assert here.trouble() == ""
    await asyncio.gather(*(here.get(str(number)) for number in range(20)))


async def test_a_log_keeps_its_newest_messages_within_its_budget(
    pair: tuple[RedisRelay, RedisRelay],
) -> None:
    here, there = pair
    for number in range(10):
        await here.append("a", b"%010d" % number)
    assert [entry.number for entry in await there.read({"a": 0}, 0)] == [9, 10]
    await here.append("a", b"x" * 100)
    assert [entry.number for entry in await there.read({"a": 0}, 0)] == [11]


async def test_logs_expire_and_the_log_of_changes_does_not(
    pair: tuple[RedisRelay, RedisRelay],
) -> None:
    here, _ = pair
    await here.append("a", b"x")
    await here.append(CHANGES, b"x")
    lives = [await here._redis.ttl(here._keys(log)[0]) for log in ("a", CHANGES)]
    assert 3500 < lives[0] <= 3600
    assert lives[1] == -1


async def test_values_are_shared_and_new_ones_do_not_replace_those_that_live(
    pair: tuple[RedisRelay, RedisRelay],
) -> None:
    here, there = pair
    assert await here.put("a", b"1", 60)
    assert not await there.put("a", b"2", 60, only_new=True)
    assert await there.get("a") == b"1"
    await there.drop("a")
    assert await here.get("a") is None


async def test_while_redis_is_away_reading_is_silence_and_writing_fails_at_once(
    redis: RedisServer, pair: tuple[RedisRelay, RedisRelay]
) -> None:
    here, there = pair
    for _ in range(3):
        await here.append("a", b"x")
    async with asyncio.timeout(20):
        reading = asyncio.create_task(there.read({"a": 3}, 60))
        redis.kill()
        with pytest.raises(StoreUnavailableError):
            await here.append("a", b"lost")
        with pytest.raises(StoreUnavailableError):
            await here.get("a")
        await here.forget("a")
        assert await here.read({"a": 0}, 0) == []
        redis.start()
        await eventually(here, "a", b"y")
        # Redis came back empty: the log began anew, and its reader takes it from the start
        assert await reading == [Entry("a", 1, b"y")]


async def test_a_frozen_redis_holds_nobody_up(
    redis: RedisServer, pair: tuple[RedisRelay, RedisRelay]
) -> None:
    here, _ = pair
    await here.append("a", b"x")
    assert redis.process
    os.kill(redis.process.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(10):
            for _ in range(20):
                with pytest.raises(StoreUnavailableError):
                    await here.last("a")
    finally:
        os.kill(redis.process.pid, signal.SIGCONT)
    assert await eventually(here, "b", b"y") >= 1


async def test_a_redis_that_comes_later_is_waited_for(redis: RedisServer) -> None:
    redis.kill()
    relay = RedisRelay(redis.url, secrets.token_hex(4))
    await relay.open()
    async with asyncio.timeout(20):
        reading = asyncio.create_task(relay.read({"a": 0}, 60))
        redis.start()
        await eventually(relay, "a", b"x")
        assert [entry.data for entry in await reading] == [b"x"]
    await relay.close()


async def test_an_address_that_is_none_and_a_refused_password_stop_the_start(
    redis: RedisServer,
) -> None:
    with pytest.raises(ConfigError):
        RedisRelay("http://127.0.0.1")
    if redis.process is None:
        redis.start()
    relay = RedisRelay(redis.url.replace("//", "//nobody:secret@"))
    with pytest.raises(ConfigError) as caught:
        await relay.open()
    assert "secret" not in str(caught.value)
    await relay.close()
