"""A tool may wait on the server's side, bounded and with progress."""

from typing import Any

from octoperf_mcp import poll_until


class Watcher:
    """A context that keeps what was reported."""

    def __init__(self) -> None:
        self.reported: list[tuple[float, float | None, str]] = []

    async def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        self.reported.append((done, total, message))


async def wait(states: list[str], *, wait_sec: float, every_sec: float = 0) -> tuple[str, Any]:
    left = iter(states)

    async def read() -> str:
        return next(left)

    watcher: Any = Watcher()
    last = await poll_until(
        watcher,
        read,
        lambda state: state == "FINISHED",
        wait_sec=wait_sec,
        every_sec=every_sec,
        describe=lambda state: f"state {state}",
    )
    return last, watcher.reported


async def test_it_reads_until_done_and_reports_in_between() -> None:
    last, reported = await wait(["CREATED", "RUNNING", "FINISHED", "never read"], wait_sec=50)
    assert last == "FINISHED"
    assert [(total, message) for _, total, message in reported] == [
        (50, "state CREATED"),
        (50, "state RUNNING"),
    ]
    assert reported[0][0] < reported[1][0]


async def test_without_a_wait_it_reads_once() -> None:
    assert await wait(["CREATED", "never read"], wait_sec=0, every_sec=5) == ("CREATED", [])


async def test_a_pause_that_would_pass_the_limit_is_not_begun() -> None:
    assert await wait(["CREATED", "never read"], wait_sec=4, every_sec=5) == ("CREATED", [])
