"""Who waits for which log, and the one connection on which Redis says that there is news."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

_SILENCE_S: Final = 5.0
"""Silence after which Redis is asked whether it is there."""

_AGAIN_S: Final = 0.5


class News:
    """Wakes those who wait for a log; all of them, when a message may have been missed.

    Args:
        redis: Where the channel is.
        channel: Carries the names of logs that got a message.
        patience_s: Longest wait for an answer.
    """

    def __init__(self, redis: "Redis", channel: str, patience_s: float) -> None:
        self._redis = redis
        self._channel = channel
        self._patience_s = patience_s
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Listen from now on."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Listen no more; a connection that is being made may swallow a cancellation."""
        self._stopping = True
        task = self._task
        while task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_AGAIN_S)

    @contextlib.contextmanager
    def expected(self, logs: Iterable[str]) -> Iterator[asyncio.Future[None]]:
        """A future that is done once one of these logs has news."""
        names = tuple(logs)
        news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for name in names:
            self._waiting.setdefault(name, set()).add(news)
        try:
            yield news
        finally:
            for name in names:
                waiting = self._waiting[name]
                waiting.discard(news)
                if not waiting:
                    del self._waiting[name]

    async def _run(self) -> None:
        while not self._stopping:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self._listen()
            await asyncio.sleep(_AGAIN_S)

    async def _listen(self) -> None:
        """Follow the channel until Redis is gone."""
        async with self._redis.pubsub() as pubsub:
            await pubsub.subscribe(self._channel)
            asked = False
            while True:
                pause_s = self._patience_s if asked else _SILENCE_S
                message = await pubsub.get_message(timeout=pause_s)
                if message is None and asked:
                    return
                asked = message is None
                if message is None:
                    await pubsub.ping()
                else:
                    self._heard(message)

    def _heard(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            for waiting in self._waiting.values():
                _wake(waiting)
        elif message["type"] == "message":
            _wake(self._waiting.get(message["data"].decode(), ()))


def _wake(waiting: Iterable[asyncio.Future[None]]) -> None:
    for news in waiting:
        if not news.done():
            news.set_result(None)
