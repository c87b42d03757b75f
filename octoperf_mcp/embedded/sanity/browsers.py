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
    row,
    text,
)
from octoperf_mcp.entities.engines import BROWSERS

Json = dict[str, Any]


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


def _spec(node: Json, modules: dict[str, str]) -> Iterator[tuple[str, str]]:
    filename, content = text(node.get("filename")), text(node.get("content"))
    if not is_safe(filename):
        yield ERROR, f"{named(node)}: {filename[:80]!r} is no file name in a folder of its own"
    elif filename not in modules and "test" not in content:
        yield WARNING, f"{named(node)}: no tests in this file, so it will fail: disable it"
