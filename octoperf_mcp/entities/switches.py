"""What an operator turned off and on while the server runs, as both sides of the wall know it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

import orjson

Kind = Literal["tool", "plugin"]

_TURNED: Final = ("tools_off", "tools_on", "plugins_off", "plugins_on")


@dataclass(frozen=True, slots=True)
class Switches:
    """Beyond the configuration: tools and plugins that the operator turned off and on.

    Args:
        version: Grows with each change.
        epoch: Of the store that counts the versions; empty before the first change. One that was
            emptied begins another.
        tools_off: Off, whatever is configured.
        tools_on: On, whatever is configured.
        plugins_off: Off, whatever is configured.
        plugins_on: On, whatever is configured.
        put_back_at: Epoch seconds at which a replica last had to put back what the store had lost;
            0 for never.
    """

    version: int = 0
    epoch: str = ""
    tools_off: frozenset[str] = frozenset()
    tools_on: frozenset[str] = frozenset()
    plugins_off: frozenset[str] = frozenset()
    plugins_on: frozenset[str] = frozenset()
    put_back_at: int = 0

    @property
    def turned_names(self) -> tuple[frozenset[str], ...]:
        """What is turned: tools off and on, plugins off and on."""
        return self.tools_off, self.tools_on, self.plugins_off, self.plugins_on

    def turned(self, kind: Kind, name: str, *, on: bool) -> "Switches":
        """The state after a change."""
        one = frozenset({name})
        off, turned_on = (
            (self.tools_off, self.tools_on)
            if kind == "tool"
            else (self.plugins_off, self.plugins_on)
        )
        off, turned_on = (off - one, turned_on | one) if on else (off | one, turned_on - one)
        after = replace(self, version=self.version + 1, epoch=self.epoch or secrets.token_hex(8))
        if kind == "tool":
            return replace(after, tools_off=off, tools_on=turned_on)
        return replace(after, plugins_off=off, plugins_on=turned_on)

    def over(self, known: "Switches") -> "Switches":
        """What was known, with what is turned here in its place where both say something."""
        return replace(
            self,
            version=max(self.version, known.version) + 1,
            epoch=self.epoch or known.epoch,
            tools_off=known.tools_off - self.tools_on | self.tools_off,
            tools_on=known.tools_on - self.tools_off | self.tools_on,
            plugins_off=known.plugins_off - self.plugins_on | self.plugins_off,
            plugins_on=known.plugins_on - self.plugins_off | self.plugins_on,
        )

    def is_behind(self, known: "Switches") -> bool:
        """Whether this is an earlier state of the same store."""
        return self.epoch == known.epoch and self.version < known.version

    def packed(self) -> bytes:
        """As JSON."""
        names = map(sorted, self.turned_names)
        return orjson.dumps([self.version, self.epoch, *names, self.put_back_at])

    @staticmethod
    def unpacked(data: bytes | str) -> "Switches":
        """What was packed."""
        version, epoch, *names, put_back_at = orjson.loads(data)
        turned = dict(zip(_TURNED, map(frozenset, names), strict=True))
        return Switches(version, epoch, **turned, put_back_at=put_back_at)


class SwitchStore(Protocol):
    """Where switches are kept for all replicas."""

    async def read(self) -> Switches:
        """The state now."""
        ...

    async def renewed(self, known: Switches) -> Switches:
        """The state now, after putting back what is known and the store has lost."""
        ...

    async def turn(self, kind: Kind, name: str, *, on: bool) -> Switches:
        """Change it; answers the new state. Of changes made at once none is lost."""
        ...

    async def news(self, known: Switches, timeout_s: float) -> None:
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
            LookupError: nothing has this name, or a plugin cannot be turned; the text says why.
        """
        ...
