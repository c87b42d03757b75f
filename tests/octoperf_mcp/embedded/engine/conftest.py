from collections.abc import Iterator

import pytest

from tests.octoperf_mcp.embedded.engine.players import Player
from tests.octoperf_mcp.embedded.engine.target import Target


@pytest.fixture(autouse=True)
def closed_players() -> Iterator[None]:
    yield
    while Player.made:
        Player.made.pop().close()


@pytest.fixture
def target() -> Iterator[Target]:
    site = Target()
    yield site
    site.close()
