"""Nodes of action trees, as importers make them."""

from typing import Any

from octoperf_mcp.embedded.importers.encoding import fields
from octoperf_mcp.entities.imported import new_id

Json = dict[str, Any]

MAX_NAME = 80


def node(kind: str, name: str, *, enabled: bool = True, **members: Any) -> Json:
    """An action with what all have: `@type`, a fresh id, name, enabled."""
    return {
        "@type": kind,
        "id": new_id(),
        "name": short(name),
        "description": "",
        "enabled": enabled,
        **members,
    }


def short(name: str) -> str:
    """A name on one line and of at most 80 characters."""
    return " ".join(name.split())[:MAX_NAME]


def container(name: str, children: list[Json], *, enabled: bool = True, sample: bool) -> Json:
    """A group; with `sample` it has a row of its own in reports."""
    return node("ContainerAction", name, enabled=enabled, generateSample=sample, children=children)


def http_request(
    name: str, server_id: str, method: str, path: str, query: str = "", **members: Any
) -> Json:
    """A request that follows redirects; `query` is written as in an address."""
    made: Json = {
        "serverId": server_id,
        "method": method,
        "path": path,
        "parameters": query_parameters(query),
        "headers": [],
        "postData": None,
        "contentEncoding": "",
        "followRedirects": True,
        "downloadResources": False,
        "thinktime": None,
        "recordedRequest": None,
        "recordedResponse": None,
        "children": [],
    }
    return node("HttpRequestAction", name, **{**made, **members})


def query_parameters(query: str) -> list[Json]:
    """The parameters of a query string."""
    return [
        {"name": one.name, "value": one.value, "equals": one.equals, "encode": one.encode}
        for one in fields(query)
    ]


def virtual_user(name: str, children: list[Json], *, kind: str = "JMETER") -> Json:
    """The document, not yet of any project."""
    return {
        "@type": "VirtualUser",
        "id": "",
        "name": short(name) or "Imported",
        "description": "",
        "type": kind,
        "tags": [],
        "children": children,
    }


def distinct(names: list[str]) -> list[str]:
    """The names, those that an earlier one has already with a number behind them."""
    seen: set[str] = set()
    made = []
    for name in names:
        number, unique = 1, name
        while unique in seen:
            number += 1
            mark = f" ({number})"
            unique = name[: MAX_NAME - len(mark)] + mark
        seen.add(unique)
        made.append(unique)
    return made
