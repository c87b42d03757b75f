from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.octoperf_mcp.embedded.engine.players import Player
from tests.octoperf_mcp.embedded.engine.stage import Stage
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


@pytest.fixture
async def stage(tmp_path: Path, target: Target) -> AsyncIterator[Stage]:
    made = await Stage.open(tmp_path)
    await made.set_up(target)
    yield made
    await made.close()


@pytest.fixture
async def two_generators(tmp_path: Path, target: Target) -> AsyncIterator[Stage]:
    made = await Stage.open(tmp_path, workers=2)
    await made.set_up(target)
    yield made
    await made.close()
