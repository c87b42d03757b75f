"""How an archive is laid out; each archive carries this description as its `README.txt`."""

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

FORMAT = "octoperf-mcp/virtual-user-archive"
VERSION = 1

MANIFEST = "manifest.json"
README = "README.txt"
VIRTUAL_USER = "virtual-user.json"
SERVERS = "servers.json"
VARIABLES = "variables.json"
RULES = "correlation-rules.json"
DOCUMENTS = (VIRTUAL_USER, SERVERS, VARIABLES, RULES)

FRAGMENT = re.compile(r"fragments/fragment-([1-9][0-9]{0,2})\.json")
FILE = re.compile(r"files/([^/\\\x00-\x1f\x7f]{1,200})")
BODY = re.compile(r"bodies/([0-9a-f]{64})")
BODY_KEY = re.compile(r"[0-9a-f]{64}")

OWNED = frozenset(
    {"id", "userId", "workspaceId", "projectId", "created", "lastModified", "baseUrl"}
)
"""What a document has of its place; an archive leaves it out."""

README_TEXT = """\
A virtual user of an OctoPerf-compatible platform, as octoperf-mcp exports and imports it.
Layout, version 1; all JSON is UTF-8:

manifest.json           {"format": "octoperf-mcp/virtual-user-archive", "version": 1, "name": ...}
virtual-user.json       the virtual user as the REST API answers it, without owner, place and dates
fragments/fragment-1.json ...
                        virtual users that it links to, the same way; links name "fragment-1"
servers.json            the HTTP servers of the requests; their ids, and "serverId", are "server-1"
variables.json          the variables that the virtual users, servers and other variables mention
correlation-rules.json  the correlation rules of the project
files/NAME              the project files that are mentioned
bodies/SHA256           recorded bodies, by the "bodyRef" of recorded requests and responses

Ids of actions are kept. Secret values are never in an archive: where one was, the value is empty
and must be entered again. The same virtual user gives the same bytes, whoever exports it.
"""


def without_place(document: Json) -> Json:
    """A document without what it has of its owner and place, its secrets emptied."""
    emptied: Json = without_secrets(document)
    return {name: value for name, value in emptied.items() if name not in OWNED}


def without_secrets(value: Any) -> Any:
    """A copy in which every secret value is an empty PLAIN one."""
    if isinstance(value, dict):
        if is_secret(value):
            return {**value, "type": "PLAIN", "value": ""}
        return {name: without_secrets(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_secrets(inner) for inner in value]
    return value


def is_secret(value: Json) -> bool:
    """Whether an object is a secret value, `{type: PLAIN or ENCRYPTED, value}`."""
    return value.get("type") in {"PLAIN", "ENCRYPTED"} and isinstance(value.get("value"), str)


def texts(value: Any) -> Iterator[tuple[str, str]]:
    """Every text of a document with the name of the member that holds it; without recursion."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        name, here = waiting.pop()
        if isinstance(here, str):
            yield name, here
        elif isinstance(here, dict):
            waiting += here.items()
        elif isinstance(here, list):
            waiting += [(name, inner) for inner in here]


def renamed(children: Any, changes: dict[str, dict[str, str]]) -> Any:
    """A tree with references changed.

    Args:
        children: The actions.
        changes: New values by old ones, by the name of the member: `{"serverId": {"a": "b"}}`.
    """
    if isinstance(children, list):
        return [renamed(inner, changes) for inner in children]
    if not isinstance(children, dict):
        return children
    return {
        name: changes[name].get(inner, inner)
        if name in changes and isinstance(inner, str)
        else renamed(inner, changes)
        for name, inner in children.items()
    }
