"""A server with the embedded platform in a thread, for tests without an event loop of their own."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from octoperf_mcp.cli.agent import Agent, CallFailedError, MemoryStorage, connected
from octoperf_mcp.cli.local import opened
from octoperf_mcp.cli.serving import serving
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.config import Secret, Settings, load_settings
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import Registry

PASSWORD = "only for tests of plugins"  # noqa: S105 - of a platform that lives for a test
DEMO = "demo"
OTHER = "other"

__all__ = ["CallFailedError", "Client", "Platform", "running"]


@dataclass(frozen=True, slots=True)
class Client:
    """An MCP client, signed in; `era` is the protocol's: `legacy` or `modern`."""

    portal: BlockingPortal
    agent: Agent
    era: str

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; answers its structured content.

        Raises:
            CallFailedError: the tool answered with an error; `answer` is its error object.
        """
        return self.portal.call(self.agent.call, tool, arguments)

    def tools(self) -> list[str]:
        """Names of all tools."""
        return self.portal.call(self.agent.tool_names)


@dataclass(frozen=True, slots=True)
class Platform:
    """A running server with a workspace, a project and a second user."""

    portal: BlockingPortal
    url: str
    registry: Registry
    data_dir: Path
    workspace_id: str = ""
    project_id: str = ""

    @contextlib.contextmanager
    def client(self, era: str = "modern", user: str = DEMO) -> Iterator[Client]:
        """A client of a user."""
        mode = "legacy" if era == "legacy" else "auto"
        with self.portal.wrap_async_context_manager(_joined(self.url, user, mode)) as agent:
            yield Client(self.portal, agent, era)


@contextlib.asynccontextmanager
async def _joined(url: str, user: str, mode: str) -> AsyncIterator[Agent]:
    person = FormSignIn(user, PASSWORD)
    async with connected(url, person, storage=MemoryStorage(), mode=mode) as agent:
        yield agent


@contextlib.contextmanager
def running(
    data_dir: Path, plugins: list[str], sections: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[Platform]:
    """A server with these plugins, seeded.

    Args:
        data_dir: An empty folder.
        plugins: Third-party plugins to enable, by name.
        sections: Settings of the plugins, by section and key.
    """
    registry = load_registry(enable=plugins)
    kinds = {one.name: one.settings for one in registry.config_sections}
    flags: dict[str, dict[str, Any]] = {
        "server": {"port": 0},
        "embedded": {"demo_password": Secret(PASSWORD), "data_dir": str(data_dir)},
        "log": {"level": "error"},
        "plugins": {"enable": tuple(plugins)},
        **{name: dict(values) for name, values in (sections or {}).items()},
    }
    settings = load_settings(flags=flags, environ={}, sections=kinds)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serving(settings, registry, data_dir)) as server,
    ):
        portal.call(_add_other, settings)
        bare = Platform(portal, server.url, registry, data_dir)
        with bare.client() as client:
            (workspace,) = client.call("list_workspaces")["workspaces"]
            project = client.call("create_project", workspaceId=workspace["id"], name="Shop")
        yield replace(bare, workspace_id=workspace["id"], project_id=project["id"])


async def _add_other(settings: Settings) -> None:
    from octoperf_mcp.embedded.people import add_person  # noqa: PLC0415 - an extra

    async with opened(settings) as local:
        await add_person(local.identity, local.documents, OTHER, PASSWORD)
