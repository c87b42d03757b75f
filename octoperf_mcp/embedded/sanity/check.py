"""The sanity check: what can be seen to be wrong with a virtual user before it runs.

Levels and messages are those of the product (validation guide); what follows the known words
names the action or variable. An ERROR blocks a validation.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from octoperf_mcp.embedded.engine.runs.mentions import Mentions
from octoperf_mcp.embedded.sanity.actions import CHECKS, Surroundings
from octoperf_mcp.embedded.sanity.browsers import check_browser
from octoperf_mcp.embedded.sanity.csv_files import check_csv
from octoperf_mcp.embedded.sanity.limits import check_limits
from octoperf_mcp.embedded.sanity.links import check_links, played_by
from octoperf_mcp.embedded.sanity.messages import by_level, enabled_nodes, objects, row, text
from octoperf_mcp.embedded.sanity.references import check_references
from octoperf_mcp.entities.action_types import NO_ADDED_ACTIONS, AddedActions

__all__ = ["sanity_check"]

Json = dict[str, Any]


def sanity_check(
    virtual_user: Json,
    servers: Sequence[Json],
    variables: Sequence[Json],
    files: Mapping[str, bytes | None],
    fragments: Mapping[str, Json],
    *,
    browser_faults: Sequence[str] = (),
    added: AddedActions = NO_ADDED_ACTIONS,
) -> list[Json]:
    """Rows `{level, message, actionId?, variableId?}`, errors first; empty when all is well.

    Disabled actions are not looked at. Never raises, whatever the documents hold.

    Args:
        virtual_user: The whole document.
        servers: HTTP servers of the project.
        variables: Variables of the project, as stored.
        files: Project files by name; None instead of the bytes: exists, content not looked at.
            Only CSV files need their bytes.
        fragments: The other virtual users of the project by id, with their trees.
        browser_faults: Why users with a real browser cannot run on this machine, if they cannot.
        added: Kinds of actions that plugins play.
    """
    around = Surroundings(
        servers={text(server.get("id")): server for server in objects(list(servers))},
        files=frozenset(files),
    )
    rows = [
        row(level, message, actionId=text(node.get("id")))
        for node in enabled_nodes(virtual_user)
        for check in CHECKS
        for level, message in check(node, around)
    ]
    return by_level(
        [
            *check_links(virtual_user, fragments),
            *check_csv(variables, files, _mentions(virtual_user, around.servers, fragments)),
            *rows,
            *check_limits(virtual_user, around.servers, added),
            *check_references(virtual_user, around.servers, variables, fragments),
            *check_browser(virtual_user, browser_faults),
        ]
    )


def _mentions(
    virtual_user: Json, servers: Mapping[str, Json], others: Mapping[str, Json]
) -> Mentions:
    """What the enabled actions of a virtual user and of those that it plays mention."""
    nodes = [
        {key: value for key, value in node.items() if key != "children"}
        for document in played_by(virtual_user, others)
        for node in enabled_nodes(document)
    ]
    used = {text(node.get("serverId")) for node in nodes}
    return Mentions.of([*nodes, *(servers[one] for one in sorted(used & servers.keys()))])
