"""Names of the actions behind the rows of a report."""

from collections.abc import Mapping, Sequence
from typing import Any

from octoperf_analysis import rest
from octoperf_mcp import ToolContext
from octoperf_mcp.entities.trees import ActionLabel, action_labels, label_of
from octoperf_mcp.errors import UpstreamError

Entries = Sequence[Mapping[str, Any]]


class Names:
    """Looks names up in rows that the platform has named itself, else in the virtual users."""

    def __init__(self, labels: Mapping[str, ActionLabel]) -> None:
        self._labels = labels

    def of(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """`action_name` and `virtual_user_name` of a row, None where nothing is known."""
        label = label_of(self._labels, entry["actionId"])
        virtual_user = entry.get("virtualUserName") or (label.virtual_user_name if label else None)
        action = entry.get("actionName") or (label.name if label else None)
        if action is None and entry["actionId"] == entry.get("virtualUserId"):
            action = virtual_user
        return {"action_name": action or None, "virtual_user_name": virtual_user or None}


async def names_for(ctx: ToolContext, project_id: str, entries: Entries) -> Names:
    """Names for these rows: one read of the project's virtual users, unless the platform gives any.

    A name is a help: when the virtual users cannot be read, rows have ids only.
    """
    if not entries or any(entry.get("actionName") for entry in entries):
        return Names({})
    try:
        virtual_users = await ctx.rest(rest.LIST_VIRTUAL_USERS, project_id=project_id)
    except UpstreamError:
        return Names({})
    labels: dict[str, ActionLabel] = {}
    for virtual_user in virtual_users or []:
        labels |= action_labels(virtual_user)
    return Names(labels)
