"""Checks of single actions. A new check is a function in `CHECKS`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from octoperf_mcp.embedded.sanity.messages import (
    ERROR,
    INFO,
    WARNING,
    kind,
    named,
    number,
    objects,
    text,
)

Json = dict[str, Any]
Found = Iterator[tuple[str, str]]
"""Level and message."""

HIGH_THINKTIME_S = 30.0
"""Our choice: the product's limit is not public."""

_NAMELESS = frozenset({"DebugAction"})
_SCRIPTS = frozenset({"JSR223Action", "JSR223PreProcessor", "JSR223PostProcessor"})
_CONTAINERS = frozenset(
    {
        "ContainerAction",
        "LoopContainerAction",
        "IfContainerAction",
        "WhileContainerAction",
        "ForEachContainerAction",
        "RandomContainerAction",
        "FlowControlContainerAction",
        "ThroughputContainerAction",
    }
)
_GENERIC = frozenset({"GenericAction", "JMeterAction"})
_MS = 1000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What actions refer to: servers by id, names of project files."""

    servers: Mapping[str, Json]
    files: frozenset[str]


def _server(node: Json, around: Surroundings) -> Found:
    if kind(node) == "HttpRequestAction" and text(node.get("serverId")) not in around.servers:
        yield ERROR, f"No Server Found for {named(node)}"


def _script(node: Json, _: Surroundings) -> Found:
    if kind(node) in _SCRIPTS and not text(node.get("script")) and not text(node.get("filename")):
        yield ERROR, f"{kind(node)} is empty"


def _headers(node: Json, around: Surroundings) -> Found:
    server = around.servers.get(text(node.get("serverId")), {})
    hostname = text(server.get("hostname")).lower()
    for header in objects(node.get("headers")):
        name, value = text(header.get("name")).lower(), text(header.get("value")).lower()
        if name == "cookie":
            yield (
                WARNING,
                f"Clear Cookies before recording: {named(node)} sends a recorded Cookie header",
            )
        if name == "host" and hostname and "${" not in value + hostname:
            host = value if value.endswith("]") else value.rpartition(":")[0] or value
            if host.strip("[]") != hostname.strip("[]"):
                yield INFO, f"Host header and server host are differing in {named(node)}"


def _files(node: Json, around: Surroundings) -> Found:
    data = node.get("postData")
    if not isinstance(data, dict):
        return
    for holder in (data, *objects(data.get("parts"))):
        filename = text(holder.get("filename"))
        if filename and "${" not in filename and filename not in around.files:
            yield WARNING, f"file is missing for POST request {named(node)}: {filename[:200]}"


def _generic(node: Json, _: Surroundings) -> Found:
    if kind(node) in _GENERIC:
        yield INFO, f"Using a JMeter generic action: {named(node)}"


def _thinktime(node: Json, _: Surroundings) -> Found:
    value = node.get("thinktime")
    for pause in (value, node):
        seconds = _seconds(pause) if isinstance(pause, dict) else 0.0
        if seconds > HIGH_THINKTIME_S:
            yield INFO, f"{seconds:.10g} sec thinktime is high in {named(node)}"
            return


def _seconds(pause: Json) -> float:
    """The longest pause of a constant or a range."""
    if not kind(pause).startswith("Thinktime") or kind(pause) == "ThinktimeAction":
        return 0.0
    longest = (number(pause.get(key)) or 0.0 for key in ("value", "max", "offset"))
    return max(longest) / _MS


def _name(node: Json, _: Surroundings) -> Found:
    if kind(node) not in _NAMELESS and not text(node.get("name")):
        yield INFO, f"{kind(node)} should have a name"


def _empty(node: Json, _: Surroundings) -> Found:
    runs = any(child.get("enabled") is True for child in objects(node.get("children")))
    if kind(node) in _CONTAINERS and not runs:
        yield INFO, f"{named(node)} is empty"


def _parameters(node: Json, _: Surroundings) -> Found:
    for parameter in objects(node.get("parameters")):
        if not text(parameter.get("name")) and not text(parameter.get("value")):
            yield INFO, f"HTTP Action has empty query parameter: {named(node)}"
            return


CHECKS: tuple[Callable[[Json, Surroundings], Found], ...] = (
    _server,
    _script,
    _headers,
    _files,
    _generic,
    _thinktime,
    _name,
    _empty,
    _parameters,
)
