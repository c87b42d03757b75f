"""Sealed sessions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.errors import StoreUnavailableError
from octoperf_mcp.protocol.relay import MemoryRelay
from octoperf_mcp.transport.sessions import LIFE_S, Sessions

KEY, OTHER = b"k" * 32, b"o" * 32


class Clock:
    """Epoch seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_what_was_sealed_is_read_back_by_another_process() -> None:
    opened = Sessions([KEY]).open("ann", "2025-11-25", {"elicitation": {}})
    session = await Sessions([KEY]).find(opened, "ann")
    assert session is not None
    assert (session.subject, session.version) == ("ann", "2025-11-25")
    assert session.capabilities == {"elicitation": {}}


async def test_the_id_is_visible_ascii_and_shows_nothing() -> None:
    opened = Sessions([KEY]).open("ann", "2025-11-25", {})
    assert opened.isascii()
    assert opened.isprintable()
    assert " " not in opened
    assert "ann" not in opened


async def test_two_sessions_of_one_user_differ() -> None:
    sessions = Sessions([KEY])
    assert sessions.open("ann", "v", {}) != sessions.open("ann", "v", {})


async def test_another_users_session_is_not_found() -> None:
    sessions = Sessions([KEY])
    opened = sessions.open("ann", "v", {})
    assert await sessions.find(opened, "bob") is None
    assert await sessions.find(opened, "ann") is not None
    assert await sessions.find(opened, "bob") is None


async def test_keys_rotate() -> None:
    opened = Sessions([KEY]).open("ann", "v", {})
    assert await Sessions([OTHER, KEY]).find(opened, "ann") is not None
    assert await Sessions([OTHER]).find(opened, "ann") is None
    newer = Sessions([OTHER, KEY]).open("ann", "v", {})
    assert await Sessions([OTHER]).find(newer, "ann") is not None


async def test_without_a_key_sessions_die_with_the_process() -> None:
    assert await Sessions().find(Sessions().open("ann", "v", {}), "ann") is None


async def test_a_session_ends_after_its_life() -> None:
    clock = Clock()
    sessions = Sessions([KEY], now=clock)
    opened = sessions.open("ann", "v", {})
    clock.now += LIFE_S - 1
    assert await sessions.find(opened, "ann") is not None
    clock.now += 1
    assert await sessions.find(opened, "ann") is None


async def test_a_deleted_session_is_not_found_by_replicas_that_share_the_list() -> None:
    relay = MemoryRelay()
    here, there = (Sessions([KEY], relay=relay) for _ in range(2))
    opened = here.open("ann", "v", {})
    session = await there.find(opened, "ann")
    assert session is not None
    await here.end(opened, session)
    assert await here.find(opened, "ann") is None
    assert await there.find(opened, "ann") is None


async def test_capabilities_that_are_too_large_are_dropped() -> None:
    sessions = Sessions([KEY])
    opened = sessions.open("ann", "v", {"experimental": {"x": "y" * 5000}})
    assert len(opened) < 1000
    session = await sessions.find(opened, "ann")
    assert session is not None
    assert session.capabilities == {}


@given(st.text(max_size=80))
async def test_made_up_ids_are_not_found(made_up: str) -> None:
    assert await Sessions([KEY]).find(made_up, "ann") is None


@pytest.mark.parametrize("position", [0, 5, 20, -1])
async def test_a_changed_id_is_not_found(position: int) -> None:
    sessions = Sessions([KEY])
    opened = list(sessions.open("ann", "2025-11-25", {}))
    opened[position] = "A" if opened[position] != "A" else "B"
    assert await sessions.find("".join(opened), "ann") is None


class Store(MemoryRelay):
    """A store that may be out of reach."""

    away = False

    async def put(self, name: str, data: bytes, life_s: float, *, only_new: bool = False) -> bool:
        if self.away:
            raise StoreUnavailableError
        return await super().put(name, data, life_s, only_new=only_new)

    async def get(self, name: str) -> bytes | None:
        if self.away:
            raise StoreUnavailableError
        return await super().get(name)


async def test_while_the_shared_list_is_away_sessions_go_on_and_cannot_be_deleted() -> None:
    store = Store()
    here, there = (Sessions([KEY], relay=store) for _ in range(2))
    opened, ended = (here.open("ann", "v", {}) for _ in range(2))
    session = await here.find(opened, "ann")
    assert session is not None
    await here.end(ended, session)
    store.away = True
    with pytest.raises(StoreUnavailableError):
        await here.end(opened, session)
    assert await here.find(opened, "ann") is not None
    assert await here.find(ended, "ann") is None
    assert await there.find(ended, "ann") is not None
