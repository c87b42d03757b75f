"""Who takes part in the demo: the agent's tools, the shop, a browser."""

from typing import Any, Protocol

from octoperf_mcp.errors import OctoPerfMcpError

_LINKS = frozenset({"url", "pageUrl"})


class DemoError(OctoPerfMcpError):
    """The demo cannot go on."""

    code = "demo_failed"


class Tools(Protocol):
    """A connected agent."""

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call one tool; answers its structured content."""
        ...

    async def tool_names(self) -> list[str]:
        """Names of all tools."""
        ...


class Target(Protocol):
    """The shop under test."""

    @property
    def url(self) -> str:
        """Origin."""
        ...

    def mark(self, name: str) -> None:
        """Count under this name from now on."""
        ...

    def total(self, phase: str | None = None) -> int:
        """Answered requests of a phase."""
        ...

    def resources(self, phase: str) -> int:
        """Those of them that fetched what a page shows: styles, scripts, images."""
        ...


class Pages(Protocol):
    """A browser in which somebody has signed in."""

    async def look_at(self, address: str) -> tuple[int, str]:
        """Open a page; answers HTTP status and text."""
        ...


class WatchedTools:
    """Tools, with an eye on the pages that their answers link."""

    def __init__(self, tools: Tools, pages: set[str]) -> None:
        self._tools = tools
        self._pages = pages

    async def tool_names(self) -> list[str]:
        """See `Tools`."""
        return await self._tools.tool_names()

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """See `Tools`."""
        answer = await self._tools.call(name, arguments)
        self._collect(answer)
        return answer

    def _collect(self, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                self._collect(item)
        elif isinstance(value, dict):
            for key, item in value.items():
                if key in _LINKS and isinstance(item, str) and "/ui/" in item:
                    self._pages.add(item)
                else:
                    self._collect(item)
