"""A tool may wait on the server's side, bounded, with progress and without hurry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from octoperf_mcp import Watch, follow, wait_for_change
from octoperf_mcp.errors import AuthError, InvalidTokenError, NotFoundError, UnavailableError
from octoperf_mcp.registry import polling

REFUSED = InvalidTokenError("no longer")
DOWN = UnavailableError("down")


@dataclass
class World:
    """A context, a clock that only pauses move, and what there is to read."""

    answers: Sequence[Any]
    now: float = 0.0
    reads: int = 0
    pauses: list[float] = field(default_factory=list)
    reported: list[tuple[float, float | None, str]] = field(default_factory=list)
    caller: Any = field(default_factory=lambda: SimpleNamespace(token="first"))
    during_pauses: Callable[["World"], None] | None = None

    async def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        self.reported.append((done, total, message))

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)
        if self.during_pauses is not None:
            self.during_pauses(self)

    async def read(self) -> str:
        answer = self.answers[min(self.reads, len(self.answers) - 1)]
        self.reads += 1
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    @property
    def watch(self) -> Watch[str]:
        return Watch(
            self.read,
            state=lambda state: state.partition(" ")[0],
            over=lambda state: state == "FINISHED",
            describe=lambda state: f"state {state}",
        )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def make(*answers: Any, **more: Any) -> Any:
        made = World(answers, **more)
        monkeypatch.setattr(polling, "sleep", made.sleep)
        monkeypatch.setattr(polling, "_clock", lambda: made.now)
        return made

    return make


async def test_it_answers_as_soon_as_the_state_changes(world: Any) -> None:
    here = world("RUNNING 10", "RUNNING 20", "FINISHED", "never read")
    assert await wait_for_change(here, here.watch, 25) == "FINISHED"
    assert here.reported == [(0, 25, "state RUNNING 10"), (0.5, 25, "state RUNNING 20")]


async def test_a_change_on_the_way_is_a_change(world: Any) -> None:
    here = world("CREATED", "PREPARING", "never read")
    assert await wait_for_change(here, here.watch, 25) == "PREPARING"


@pytest.mark.parametrize(("answer", "wait_sec"), [("CREATED", 0), ("FINISHED", 25)])
async def test_without_a_wait_or_after_the_end_it_reads_once(
    world: Any, answer: str, wait_sec: int
) -> None:
    here = world(answer)
    assert await wait_for_change(here, here.watch, wait_sec) == answer
    assert (here.reads, here.reported) == (1, [])


async def test_it_waits_no_longer_than_asked_and_reads_less_and_less_often(world: Any) -> None:
    here = world("RUNNING")
    assert await wait_for_change(here, here.watch, 25) == "RUNNING"
    assert 25 - polling.FIRST_PAUSE_S < here.now <= 25
    assert here.reads <= 12


def test_pauses_grow_up_to_the_longest() -> None:
    first = list(islice(polling.pauses(), 12))
    assert first[0] == polling.FIRST_PAUSE_S
    assert all(later >= earlier for earlier, later in pairwise(first))
    assert first[-1] == polling.LONGEST_PAUSE_S


async def test_following_goes_on_to_the_end_through_short_failures(world: Any) -> None:
    here = world("CREATED", DOWN, DOWN, "RUNNING", DOWN, "FINISHED")
    assert await follow(here, here.watch) == "FINISHED"
    assert [message for _, _, message in here.reported] == [
        "state CREATED",
        "state RUNNING",
        "state FINISHED",
    ]


@pytest.mark.parametrize(("error", "reads"), [(DOWN, 6), (NotFoundError("gone", status=404), 1)])
async def test_following_ends_where_the_platform_is_gone_or_refuses(
    world: Any, error: Exception, reads: int
) -> None:
    here = world(error)
    with pytest.raises(type(error)):
        await follow(here, here.watch)
    assert here.reads == reads


async def test_following_waits_for_a_new_token_when_the_old_one_has_run_out(world: Any) -> None:
    def renew(here: World) -> None:
        if len(here.pauses) == 3:
            here.caller.token = "second"

    here = world(REFUSED, "FINISHED", during_pauses=renew)
    assert await follow(here, here.watch) == "FINISHED"
    assert here.pauses == [polling.LONGEST_PAUSE_S] * 3


async def test_following_gives_up_when_nobody_brings_a_token(world: Any) -> None:
    here = world(REFUSED)
    with pytest.raises(AuthError):
        await follow(here, here.watch)
    assert here.reads == 1
    assert here.now > polling.RENEWAL_S
