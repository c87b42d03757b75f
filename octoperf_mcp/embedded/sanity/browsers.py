"""Virtual users with a real browser: can they run on this machine, and is there what to run?"""

from collections.abc import Iterator, Sequence
from typing import Any

from octoperf_mcp.embedded.engine.browsers.actions import imported_by, is_safe, sources_of
from octoperf_mcp.embedded.engine.browsers.webdriver import TYPES, unknown_command
from octoperf_mcp.embedded.sanity.messages import (
    ERROR,
    WARNING,
    enabled_nodes,
    kind,
    named,
    objects,
    row,
    text,
)
from octoperf_mcp.entities.engines import BROWSERS

Json = dict[str, Any]

_PAUSES = frozenset({"ThinktimeAction", "DelayAction"})
_PLAYED = TYPES | {"SLAProfileAction"}
"""Steps, and what declares expectations and plays nowhere."""


def check_browser(virtual_user: Json, faults: Sequence[str]) -> Iterator[Json]:
    """Rows about a browser virtual user; none about others.

    Args:
        virtual_user: The whole document.
        faults: Why no browser user can run on this machine; empty when they can.
    """
    if text(virtual_user.get("type")) not in BROWSERS:
        return
    for fault in faults:
        yield row(ERROR, fault)
    nodes = list(enabled_nodes(virtual_user))
    modules = imported_by(sources_of({"children": nodes}))
    for node in nodes:
        about = {"actionId": text(node.get("id"))}
        if kind(node) == "PlaywrightSpecAction":
            for level, message in _spec(node, modules):
                yield row(level, message, **about)
        elif kind(node) in TYPES and (command := unknown_command(node)):
            yield row(ERROR, f"{named(node)}: the command {command!r} is not played here", **about)
    yield from (_listed if virtual_user.get("type") == "WEB_DRIVER" else _below_specs)(nodes)


def _listed(nodes: Sequence[Json]) -> Iterator[Json]:
    """What is no step: a list of steps is played from the first to the last, once an iteration."""
    for node in nodes:
        level, told = ERROR, ""
        if kind(node) == "ContainerAction":
            level, told = WARNING, "its steps are played in order here, without a row of its own"
        elif kind(node) in _PAUSES:
            level, told = WARNING, "not waited for here: use the command 'pause'"
        elif kind(node) == "DebugAction":
            level, told = WARNING, "shows nothing here, in a list of WebDriver steps"
        elif kind(node) not in _PLAYED:
            told = "only WebDriver steps are played here, one after the other: disable or remove it"
        if told:
            about = {"actionId": text(node.get("id"))}
            yield row(level, f"{named(node)} ({kind(node)}): {told}", **about)


def _below_specs(nodes: Sequence[Json]) -> Iterator[Json]:
    """Enabled children of a script, which is played by itself."""
    for node in nodes:
        if kind(node) != "PlaywrightSpecAction":
            continue
        for child in objects(node.get("children")):
            if child.get("enabled") is True:
                told = f"{named(child)} ({kind(child)}): nothing below a script is played here"
                yield row(ERROR, told, actionId=text(child.get("id")))


def _spec(node: Json, modules: dict[str, str]) -> Iterator[tuple[str, str]]:
    filename, content = text(node.get("filename")), text(node.get("content"))
    if not is_safe(filename):
        yield ERROR, f"{named(node)}: {filename[:80]!r} is no file name in a folder of its own"
    elif filename not in modules and "test" not in content:
        yield WARNING, f"{named(node)}: no tests in this file, so it will fail: disable it"
