"""What an operator turned off and on while the server runs, as both sides of the wall know it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import orjson

Kind = Literal["tool", "plugin"]


@dataclass(frozen=True, slots=True)
class Switches:
    """Beyond the configuration: tools and plugins that are off, and plugins that are on.

    `version` grows with each change.
    """

    version: int = 0
    tools_off: frozenset[str] = frozenset()
    plugins_off: frozenset[str] = frozenset()
    plugins_on: frozenset[str] = frozenset()

    def turned(self, kind: Kind, name: str, *, on: bool) -> "Switches":
        """The state after a change."""
        version, one = self.version + 1, frozenset({name})
        if kind == "tool":
            off = self.tools_off - one if on else self.tools_off | one
            return replace(self, version=version, tools_off=off)
        return replace(
            self,
            version=version,
            plugins_off=self.plugins_off - one if on else self.plugins_off | one,
            plugins_on=self.plugins_on | one if on else self.plugins_on - one,
        )

    def packed(self) -> bytes:
        """As JSON."""
        return orjson.dumps(
            [self.version, *map(sorted, (self.tools_off, self.plugins_off, self.plugins_on))]
        )

    @staticmethod
    def unpacked(data: bytes | str) -> "Switches":
        """What was packed."""
        version, *names = orjson.loads(data)
        return Switches(version, *map(frozenset, names))


class SwitchStore(Protocol):
    """Where switches are kept for all replicas."""

    async def read(self) -> Switches:
        """The state now."""
        ...

    async def turn(self, kind: Kind, name: str, *, on: bool) -> Switches:
        """Change it; answers the new state."""
        ...

    async def news(self, version: int, timeout_s: float) -> None:
        """Wait until there may be another state than this one, at most so long."""
        ...


@dataclass(frozen=True, slots=True)
class PluginRow:
    """A plugin as an administrator sees it; `origin` is empty for one that is built in."""

    name: str
    origin: str
    state: str
    reason: str
    tools: int
    api: str


@dataclass(frozen=True, slots=True)
class ToolRow:
    """A tool as an administrator sees it."""

    name: str
    title: str
    plugin: str
    on: bool


class Switchboard(Protocol):
    """What the pages of administrators show and turn."""

    def plugins(self) -> Sequence[PluginRow]:
        """All plugins that were found."""
        ...

    def tools(self) -> Sequence[ToolRow]:
        """All tools of the enabled plugins, and those that were turned off."""
        ...

    async def turn(self, kind: Kind, name: str, *, on: bool) -> None:
        """Turn one, here at once and at every replica soon.

        Raises:
            LookupError: nothing has this name, or a plugin cannot be enabled; the text says why.
        """
        ...
