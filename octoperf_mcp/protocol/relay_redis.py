"""What replicas share, kept in Redis 7 or Valkey: a stream for each log, a key for each value.

One connection hears of new messages, whatever log they are in; a small pool does the rest. While
Redis is away nobody hangs: reading is silence, writing fails at once, and both go on by themselves
when it is back, also when it comes back empty.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

from octoperf_mcp.errors import ConfigError, StoreUnavailableError
from octoperf_mcp.protocol.relay import CHANGES, IDLE_S, MAX_LOG_BYTES, Entry
from octoperf_mcp.protocol.relay_news import News

_log = structlog.get_logger(__name__)

PATIENCE_S: Final = 2.0
"""Longest wait for one answer of Redis."""

_REST_S: Final = 0.5
"""After a failure nobody asks for so long, so that not each request waits in vain."""

_CONNECTIONS: Final = 16
_OLDEST: Final = 7
_AWAY: Final = (
    "Redis is away: calls are answered, but those with an idempotencyKey of a bridge or a "
    "confirmToken are refused, streams cannot be opened or resumed, clients are not told of "
    "changes, a bridge's switches cannot be turned"
)
_FAILURES: Final = (RedisError, OSError, TimeoutError)

_APPEND: Final = """
local id = redis.call('XADD', KEYS[1], '0-*', 'd', ARGV[1])
local size = redis.call('INCRBY', KEYS[2], #ARGV[1] + 1)
while size > tonumber(ARGV[2]) and redis.call('XLEN', KEYS[1]) > 1 do
  local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  redis.call('XDEL', KEYS[1], oldest[1])
  size = redis.call('DECRBY', KEYS[2], #oldest[2][2] + 1)
end
if ARGV[3] ~= '0' then
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  redis.call('EXPIRE', KEYS[2], ARGV[3])
end
redis.call('PUBLISH', KEYS[3], ARGV[4])
return id
"""
"""`0-*` (Redis 7) numbers entries 0-1, 0-2, … as logs do."""

_SWAP: Final = """
local found = redis.call('GET', KEYS[1])
if ARGV[1] == 'none' and found or ARGV[1] == 'some' and found ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[3])
return 1
"""

_T = TypeVar("_T")


class RedisRelay:
    """For all processes that use the same Redis and prefix.

    Args:
        url: `redis://[[user]:password@]host[:port][/db]`, `rediss://` for TLS, `unix://`.
        prefix: First part of all keys.

    Raises:
        ConfigError: the address is none.
    """

    def __init__(
        self,
        url: str,
        prefix: str = "octoperf-mcp",
        *,
        now: Callable[[], float] = time.monotonic,
        max_log_bytes: int = MAX_LOG_BYTES,
    ) -> None:
        try:
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=_CONNECTIONS,
                timeout=PATIENCE_S,
                socket_timeout=PATIENCE_S,
                socket_connect_timeout=PATIENCE_S,
                # a second attempt could append twice
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise ConfigError(f"[shared] redis_url is no address of Redis: {error}") from error
        self._redis = Redis(connection_pool=pool)
        self._prefix = prefix
        self._now = now
        self._max_log_bytes = max_log_bytes
        self._append = self._redis.register_script(_APPEND)
        self._swap = self._redis.register_script(_SWAP)
        self._channel = f"{prefix}:news"
        self._news = News(self._redis, self._channel, PATIENCE_S)
        self._reading: dict[tuple[str, int], asyncio.Task[list[Entry]]] = {}
        self._down_until = 0.0
        self._down = False

    async def open(self) -> None:
        """Begin to listen; a Redis that cannot be reached yet is waited for in the background.

        Raises:
            ConfigError: Redis refuses the credentials, or is too old.
        """
        try:
            facts = await self._redis.info("server")
        except AuthenticationError as error:
            raise ConfigError(f"[shared] redis_url: Redis refuses to talk: {error}") from error
        except _FAILURES as error:
            self._failed(error)
        else:
            version = str(facts.get("redis_version", ""))
            if int(version.partition(".")[0] or 0) < _OLDEST:
                raise ConfigError(f"[shared] redis_url: Redis {version} is older than {_OLDEST}.")
        self._news.start()

    async def close(self) -> None:
        """Drop the connections."""
        await self._news.stop()
        for task in list(self._reading.values()):
            task.cancel()
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    def trouble(self) -> str:
        """See `Relay.trouble`."""
        return _AWAY if self._down else ""

    async def append(self, log: str, data: bytes) -> int:
        """See `Relay.append`."""
        entries, size = self._keys(log)
        life_s = 0 if log == CHANGES else int(IDLE_S)
        made = await self._ask(
            self._append(
                keys=[entries, size, self._channel],
                args=[data, self._max_log_bytes, life_s, log],
            )
        )
        return _number(made)

    async def last(self, log: str) -> int:
        """See `Relay.last`."""
        found = await self._ask(self._redis.xrevrange(self._keys(log)[0], count=1))
        return _number(found[0][0]) if found else 0

    async def read(self, after: Mapping[str, int], timeout_s: float) -> Sequence[Entry]:
        """See `Relay.read`; while Redis is away there is nothing."""
        ends_at = self._now() + timeout_s
        while True:
            with self._news.expected(after) as news:
                entries: list[Entry] = []
                with contextlib.suppress(StoreUnavailableError):
                    for log, number in after.items():
                        entries += await self._behind(log, number)
                left = ends_at - self._now()
                if entries or left <= 0:
                    return entries
                await asyncio.wait([news], timeout=left)

    async def forget(self, log: str) -> None:
        """See `Relay.forget`; while Redis is away the log stays until it expires."""
        with contextlib.suppress(StoreUnavailableError):
            await self._ask(self._redis.delete(*self._keys(log)))

    async def put(self, name: str, data: bytes, life_s: float, *, only_new: bool = False) -> bool:
        """See `Relay.put`."""
        key = self._value_key(name)
        life_ms = max(1, int(life_s * 1000))
        return bool(await self._ask(self._redis.set(key, data, px=life_ms, nx=only_new)))

    async def get(self, name: str) -> bytes | None:
        """See `Relay.get`."""
        found: Any = await self._ask(self._redis.get(self._value_key(name)))
        return None if found is None else bytes(found)

    async def drop(self, name: str) -> None:
        """See `Relay.drop`."""
        await self._ask(self._redis.delete(self._value_key(name)))

    async def swap(self, name: str, before: bytes | None, after: bytes) -> bool:
        """See `Relay.swap`."""
        arguments = ["none" if before is None else "some", before or b"", after]
        return bool(await self._ask(self._swap([self._value_key(name)], arguments)))

    async def _behind(self, log: str, number: int) -> list[Entry]:
        """Messages behind a number; readers at the same place share one question."""
        key = log, number
        task = self._reading.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetch(log, number))
            self._reading[key] = task
            task.add_done_callback(lambda done: self._fetched(key, done))
        return await asyncio.shield(task)

    def _fetched(self, key: tuple[str, int], task: asyncio.Task[list[Entry]]) -> None:
        del self._reading[key]
        if not task.cancelled():
            task.exception()

    async def _fetch(self, log: str, number: int) -> list[Entry]:
        entries, size = self._keys(log)
        pipe = self._redis.pipeline(transaction=False)
        pipe.xrange(entries, min=f"(0-{number}")
        pipe.xrevrange(entries, count=1)
        if log != CHANGES:
            pipe.expire(entries, int(IDLE_S))
            pipe.expire(size, int(IDLE_S))
        found, newest, *_ = await self._ask(pipe.execute())
        if newest and _number(newest[0][0]) < number:
            # the log began anew: all of it is news
            found = await self._ask(self._redis.xrange(entries))
        return [Entry(log, _number(made), members[b"d"]) for made, members in found]

    async def _ask(self, question: Awaitable[_T]) -> _T:
        """The answer of Redis.

        Raises:
            StoreUnavailableError: there is none.
        """
        if self._down and self._now() < self._down_until:
            _drop(question)
            raise StoreUnavailableError
        try:
            if self._down:
                # those that died with Redis would each fail once more, long after it is back
                await self._redis.connection_pool.disconnect(inuse_connections=False)
            answer = await question
        except _FAILURES as error:
            _drop(question)
            self._failed(error)
            raise StoreUnavailableError from error
        if self._down:
            self._down = False
            _log.warning("shared_store_is_back")
        return answer

    def _failed(self, error: Exception) -> None:
        self._down_until = self._now() + _REST_S
        if not self._down:
            self._down = True
            _log.error("shared_store_is_away", reason=str(error)[:200])

    def _keys(self, log: str) -> tuple[str, str]:
        return f"{self._prefix}:log:{log}", f"{self._prefix}:size:{log}"

    def _value_key(self, name: str) -> str:
        return f"{self._prefix}:value:{name}"


def _drop(question: Awaitable[Any]) -> None:
    """Give a question up that may not have been asked."""
    if asyncio.iscoroutine(question):
        question.close()


def _number(entry_id: Any) -> int:
    return int(entry_id.rpartition(b"-")[2])
