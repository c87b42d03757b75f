"""Kinds of actions that plugins add, from the plugin to the process that plays them."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from octoperf_mcp.entities.added_types import AddedType
from octoperf_mcp.entities.trees import walk
from octoperf_mcp.errors import PluginError

Json = Mapping[str, Any]

KEPT: Final = frozenset({"GenericAction", "JMeterAction"})
"""What holds a JMeter element as it was imported."""

_PLACE: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_CLASS: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ActionType:
    """A kind of action that the load engine plays.

    Args:
        name: Its `@type`: letters and digits, with a capital first; unique.
        description: What it does, a sentence; agents read it in `octoperf://schema/vu`.
        play: `module:function` of a function `(user: ActionUser) -> None`. It is imported in the
            processes that play, on every machine of a run, never in the server.
        properties: JSON Schemas (2020-12) of its own properties by name. One called `serverId`
            names an HTTP server of the project, whose host is then one of the run.
        required: Names among them.
        container: Whether it plays what stands below it itself, by `user.play_children()`.
            Otherwise extractors and assertions below it work on its samples, and other actions
            below it are played before it.
        classes: JMeter classes whose kept elements (`GenericAction`) it plays too.
        reaches: Properties that hold a host or an address, beside `serverId`: `"url"`, or
            `"host:port"` for two. With many users a run connects to confirmed hosts only.

    Raises:
        PluginError: a name, a place or a schema is impossible.
    """

    name: str
    description: str
    play: str
    properties: Json = field(default_factory=dict)
    required: tuple[str, ...] = ()
    container: bool = False
    classes: tuple[str, ...] = ()
    reaches: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _PLACE.fullmatch(self.play):
            raise PluginError(f"{self.play!r} is no module:function")
        for name in self.classes:
            if not _CLASS.fullmatch(name):
                raise PluginError(f"{name!r} is no class of JMeter's with its package")
        self.added("")

    def added(self, plugin: str) -> AddedType:
        """What documents may hold by it."""
        return AddedType(
            "Action",
            self.name,
            self.description,
            self.properties,
            self.required,
            children=True,
            plugin=plugin,
        )


@dataclass(frozen=True, slots=True)
class AddedAction:
    """A kind of action with who brought it; its code is that of a distribution and version."""

    type: ActionType
    plugin: str
    distribution: str
    version: str

    @property
    def names(self) -> frozenset[str]:
        """The `@type` and the JMeter classes that it plays."""
        return frozenset({self.type.name, *self.type.classes})

    def message(self) -> dict[str, Any]:
        """As part of an order to a process that plays."""
        return {
            "names": sorted(self.names),
            "play": self.type.play,
            "container": self.type.container,
            "plugin": self.plugin,
            "distribution": self.distribution,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class AddedActions:
    """All kinds that enabled plugins add, or those that a run plays."""

    listed: tuple[AddedAction, ...] = ()
    off: Callable[[], Mapping[str, str]] = dict
    """Plugins that are off, by the types that they would add; it may take seconds."""

    @property
    def names(self) -> frozenset[str]:
        """The `@type`s and JMeter classes that are played."""
        return frozenset(name for one in self.listed for name in one.names)

    @property
    def sampled(self) -> frozenset[str]:
        """The names of those that are no containers."""
        return frozenset(
            name for one in self.listed if not one.type.container for name in one.names
        )

    def used_by(self, trees: Iterable[Json]) -> "AddedActions":
        """Those that virtual users have."""
        found = {played_name(node) for tree in trees for _, node in walk(tree.get("children"))}
        return replace(self, listed=tuple(one for one in self.listed if one.names & found))

    def messages(self) -> list[dict[str, Any]]:
        """As part of an order."""
        return [one.message() for one in self.listed]

    def addresses(self, trees: Iterable[Json]) -> Iterator[str]:
        """What the enabled actions say of where they go: hosts, `host:port` and addresses."""
        known = {name: one.type for one in self.listed for name in one.names}
        for tree in trees:
            for _, node in walk(tree.get("children")):
                kind = known.get(played_name(node))
                if kind is None or not node.get("enabled"):
                    continue
                for place in kind.reaches:
                    values = [property_of(node, name) for name in place.split(":")]
                    if values[0]:
                        yield ":".join(value for value in values if value)


NO_ADDED_ACTIONS: Final = AddedActions()


def played_name(node: Json) -> str:
    """What tells how a node is played: its `@type`, or the class of a kept element."""
    kind = str(node.get("@type"))
    return str(node.get("testClass") or "").strip() if kind in KEPT else kind


def property_of(node: Json, name: str) -> str:
    """A property of a node, or of the element that it keeps, as text; empty when missing."""
    if str(node.get("@type")) in KEPT:
        node = node.get("properties") or {}
    value = node.get(name)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
