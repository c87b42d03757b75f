"""Fixtures of the pytest plugin `octoperf_mcp`, which comes with the package.

All are synchronous: the server and its clients run in a thread of their own.
"""

from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from octoperf_mcp.kit.running import Client, Platform
    from octoperf_mcp.kit.seeding import FinishedRun


@pytest.fixture(scope="session")
def octoperf_plugins() -> list[str]:
    """Third-party plugins that are enabled; by default all that are installed."""
    points = entry_points(group="octoperf_mcp")
    return sorted(
        point.name
        for point in points
        if point.dist is not None and point.dist.name.replace("-", "_") != "octoperf_mcp"
    )


@pytest.fixture(scope="session")
def octoperf_settings() -> dict[str, dict[str, Any]]:
    """Settings of the plugins, by section and key; none by default, a test suite gives its own."""
    return {}


@pytest.fixture(scope="session")
def platform(
    tmp_path_factory: pytest.TempPathFactory,
    octoperf_plugins: list[str],
    octoperf_settings: dict[str, dict[str, Any]],
) -> "Iterator[Platform]":
    """A server with the embedded platform: `workspace_id`, `project_id`, `client(era, user)`."""
    from octoperf_mcp.kit.running import running  # noqa: PLC0415 - for those who ask

    with running(
        tmp_path_factory.mktemp("octoperf"), octoperf_plugins, octoperf_settings
    ) as server:
        yield server


@pytest.fixture(scope="session")
def finished_run(platform: "Platform") -> "FinishedRun":
    """A run of two users and two seconds that has ended, one of whose two pages is missing."""
    from octoperf_mcp.kit.seeding import played  # noqa: PLC0415 - for those who ask

    return played(platform)


@pytest.fixture(params=["modern", "legacy"])
def mcp_client(platform: "Platform", request: pytest.FixtureRequest) -> "Iterator[Client]":
    """The official MCP client, signed in, once in each era of the protocol."""
    with platform.client(request.param) as client:
        yield client


@pytest.fixture
def two_tenants(platform: "Platform") -> "Iterator[tuple[Client, Client]]":
    """Clients of two users who share nothing; the first owns the seeded project."""
    with platform.client() as first, platform.client(user="other") as second:
        yield first, second


@pytest.fixture
def tool_contract(octoperf_plugins: list[str]) -> Callable[[str], None]:
    """`tool_contract(plugin)` fails with what `octoperf-mcp plugins check` would report."""
    from octoperf_mcp.kit.contract import report  # noqa: PLC0415 - for those who ask
    from octoperf_mcp.registry.manager import load_registry  # noqa: PLC0415 - as above

    def check(plugin: str) -> None:
        try:
            problems = report(load_registry(enable=octoperf_plugins), plugin).problems
        except LookupError as error:
            problems = [str(error)]
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)

    return check
