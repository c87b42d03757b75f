from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.browser_runner import runner_for_tests
from tests.octoperf_mcp.embedded.engine.stage import Stage
from tests.octoperf_mcp.embedded.engine.target import Target


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Playwright's runner where the platform looks for it."""
    data = runner_for_tests()
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    return data


@pytest.fixture
def target() -> Iterator[Target]:
    site = Target()
    yield site
    site.close()


@pytest.fixture
async def stage(tmp_path: Path, target: Target, runner: Path) -> AsyncIterator[Stage]:
    made = await Stage.open(tmp_path)
    await made.set_up(target)
    yield made
    await made.close()
