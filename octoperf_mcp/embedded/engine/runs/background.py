"""Work that outlives the request that began it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """Keeps hold of tasks, and ends them with the platform."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Begin with it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def uninterrupted(self, work: Coroutine[Any, Any, T]) -> T:
        """Its result; it goes on to its end when the caller is cancelled."""
        return await asyncio.shield(self.start(work))

    async def settled(self, limit_s: float) -> int:
        """Wait for all of it, at most so long; how many tasks are left."""
        if not self._tasks:
            return 0
        _, left = await asyncio.wait(set(self._tasks), timeout=limit_s)
        return len(left)

    async def close(self) -> None:
        """Cancel what is left."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
