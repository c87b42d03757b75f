from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.octoperf_mcp.embedded.engine.target import Target
from tests.octoperf_mcp.embedded.generators.places import Places, places_in


@pytest.fixture
def target() -> Iterator[Target]:
    site = Target()
    yield site
    site.close()


@pytest.fixture
async def places(tmp_path: Path, target: Target) -> AsyncIterator[Places]:
    async with places_in(tmp_path) as made:
        await made.stage.set_up(target)
        made.provider_id = (await made.provider("paris")).id
        yield made
