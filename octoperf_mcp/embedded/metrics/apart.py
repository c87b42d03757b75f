"""Functions of plugins in threads of their own: what they do there keeps nobody else waiting."""

import asyncio
import ctypes
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

MOST_LEFT: Final = 2
"""So many threads that outlived their time, and there is no further one."""


class BusyError(Exception):
    """Earlier calls of the same function still run, long after their time."""


class Reads:
    """Lets a thread wait for coroutines of the event loop, one at a time, until it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._one = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __call__(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What a coroutine comes to; to be called in a thread."""
        if self._closed:
            raise RuntimeError("It reads when its time is over.")
        return asyncio.run_coroutine_threadsafe(self._read(make), self._loop).result()

    async def _read(self, make: Callable[[], Awaitable[T]]) -> T:
        task = asyncio.current_task()
        if self._closed or task is None:
            raise RuntimeError("It reads when its time is over.")
        self._tasks.add(task)
        try:
            async with self._one:
                return await make()
        finally:
            self._tasks.discard(task)

    async def close(self) -> None:
        """Break off what is being read, and read no more."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What a function came to: a value, or whatever it raised."""

    value: T | None = None
    error: BaseException | None = None


async def apart(
    work: Callable[[], T], *, timeout_s: float, left: set[threading.Thread]
) -> Outcome[T]:
    """Run a function in a thread of its own.

    A thread that takes too long is told to end, which it does between two steps of Python; it is
    a daemon, so that one that never does keeps no process from ending.

    Args:
        work: The function.
        timeout_s: Longest that it may take.
        left: Threads that outlived their time; kept here.

    Raises:
        TimeoutError: it took longer.
        BusyError: too many before it still run.
    """
    left.intersection_update([thread for thread in left if thread.is_alive()])
    if len(left) >= MOST_LEFT:
        raise BusyError
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Outcome[T]] = loop.create_future()

    def tell(outcome: Outcome[T]) -> None:
        if not done.done():
            done.set_result(outcome)

    def run() -> None:
        try:
            outcome = Outcome(work())
        except BaseException as error:  # noqa: BLE001 - told to who waits
            outcome = Outcome(error=error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, outcome)

    thread = threading.Thread(target=run, name="plugin", daemon=True)
    thread.start()
    try:
        async with asyncio.timeout(timeout_s):
            return await done
    except BaseException:
        left.add(thread)
        _tell_to_end(thread)
        raise


def _tell_to_end(thread: threading.Thread) -> None:
    if thread.ident is not None and thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
        )
