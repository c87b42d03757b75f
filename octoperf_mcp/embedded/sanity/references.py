"""References that nothing fills: they are sent as they stand, as JMeter does, and hide a mistake.

The product has no such message; its level is ours. What cannot be told is not complained about:
scripts and computed names may set any variable.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from octoperf_mcp.embedded.engine.texts.templates import calls_in
from octoperf_mcp.embedded.sanity.links import played_by
from octoperf_mcp.embedded.sanity.messages import (
    WARNING,
    enabled_nodes,
    kind,
    named,
    objects,
    row,
    text,
)

Json = dict[str, Any]

_REFERENCE = re.compile(r"(?<!\\)\$\{([A-Za-z][\w-]{0,79})\}")
_PART = re.compile(r"_(?:\d+|matchNr|n|ALL|g\d*)$")
"""What extractors and splits add to their name."""
_GENERIC = frozenset({"GenericAction", "JMeterAction"})
_NOT_SENT = frozenset({"children", "recordedRequest", "recordedResponse", "name", "description"})
_SETTERS = ("variable", "outputVariable")
_MOST = 20


def check_references(
    virtual_user: Json,
    servers: Mapping[str, Json],
    variables: Sequence[Json],
    others: Mapping[str, Json],
) -> list[Json]:
    """A row for each name that is referred to, and set by nothing.

    Args:
        virtual_user: The whole document; fragments are filled by those that play them.
        servers: HTTP servers of the project, by id.
        variables: Variables of the project.
        others: Virtual users of the project by id.
    """
    if text(virtual_user.get("type")) == "FRAGMENTS":
        return []
    played = [node for tree in played_by(virtual_user, others) for node in enabled_nodes(tree)]
    known = _set_by(played, variables)
    if known is None:
        return []
    found: dict[str, Json] = {}
    for node in enabled_nodes(virtual_user):
        server = servers.get(text(node.get("serverId")), {})
        for one in (*_texts(node), text(server.get("hostname"))):
            for name in _REFERENCE.findall(one):
                if name not in found and not _is_known(name, known):
                    message = f"Nothing sets ${{{name}}}: {named(node)} sends it as it stands"
                    found[name] = row(WARNING, message, actionId=text(node.get("id")))
    return list(found.values())[:_MOST]


def _is_known(name: str, known: set[str]) -> bool:
    return name in known or _PART.sub("", name) in known


def _set_by(nodes: Sequence[Json], variables: Sequence[Json]) -> set[str] | None:
    """All names that are set somewhere; None when that cannot be told."""
    known: set[str] = set()
    for wrapper in objects(list(variables)):
        variable = wrapper.get("variable")
        known.add(text(wrapper.get("name")))
        if isinstance(variable, dict) and kind(variable) == "CSVVariable":
            columns = variable.get("names")
            if not isinstance(columns, list) or not columns:
                return None
            known |= {text(column) for column in columns}
    for node in nodes:
        if "JSR223" in kind(node) or kind(node) in _GENERIC:
            return None
        set_here = {text(node.get(key)) for key in _SETTERS}
        if any("${" in name for name in set_here):
            return None
        words = (word for one in _texts(node) for _, each in calls_in(one) for word in each)
        known |= set_here | {word.strip() for word in words}
    return known


def _texts(node: Json) -> Iterator[str]:
    """Texts of an action, without those of its children and of its recording."""
    waiting: list[Any] = [value for key, value in node.items() if key not in _NOT_SENT]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            if "${" in value:
                yield value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
