"""Virtual users that link to each other: the order in which they can be made."""

from collections.abc import Mapping
from typing import Any

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.entities.trees import walk

Json = dict[str, Any]

LINK = "virtualUserId"


def linked(body: Json) -> list[str]:
    """Ids of the virtual users that the actions of one link to, each once, in order."""
    found = (action.get(LINK) for _, action in walk(body.get("children")))
    return list(dict.fromkeys(one for one in found if isinstance(one, str) and one))


def ordered(users: Mapping[str, Json]) -> dict[str, Json]:
    """The virtual users, each behind those that it links to.

    Raises:
        ImportFailed: one links to itself, if only by way of others.
    """
    waiting = {
        known_as: {one for one in linked(body) if one in users} for known_as, body in users.items()
    }
    order: dict[str, Json] = {}
    while waiting:
        ready = sorted(one for one, asked in waiting.items() if asked <= set(order))
        if not ready:
            name = str(users[min(waiting)].get("name") or "")
            raise ImportFailed(
                f"The virtual user {name[:80]!r} is in a circle of links, which no run ends.",
                "Remove one of the links.",
            )
        for one in ready:
            order[one] = users[one]
            del waiting[one]
    return order
