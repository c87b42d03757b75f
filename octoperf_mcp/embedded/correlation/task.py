"""The task `ApplyCorrelationsTask {virtualUserId, projectId}` of the platform."""

from functools import partial
from typing import TYPE_CHECKING, Any

from octoperf_mcp.embedded.correlation.apply import Applied
from octoperf_mcp.embedded.correlation.recorded import body_keys
from octoperf_mcp.embedded.correlation.sandbox import apply_in_process
from octoperf_mcp.embedded.failures import Conflict, Invalid

if TYPE_CHECKING:
    from octoperf_mcp.embedded.platform import Platform
    from octoperf_mcp.embedded.store.documents import Document

Json = dict[str, Any]

TASK = "ApplyCorrelationsTask"
_ATTEMPTS = 3
_AT_ONCE = 2


def register(platform: "Platform") -> None:
    """Let the platform's tasks apply correlation rules, two virtual users at a time."""
    platform.tasks.handle(TASK, partial(apply_correlations, platform), at_once=_AT_ONCE)


async def apply_correlations(platform: "Platform", task: Json, user_id: str) -> Json:
    """Apply the project's rules to a virtual user; its earlier version is kept as a revision.

    The result has `changes`, the evidence of `Applied`, and `notes`, why rules did nothing.

    Raises:
        NotFound: the virtual user does not exist for this user.
        Forbidden: his role does not allow the change.
        Invalid: the virtual user is of another project.
        Conflict: it is being edited again and again.
        CorrelationFailedError: the rules as a whole could not be applied.
    """
    documents = platform.documents
    for attempt in range(1, _ATTEMPTS + 1):
        document = await documents.get(
            "virtual_user", str(task.get("virtualUserId") or ""), user_id=user_id
        )
        if task.get("projectId") not in (None, "", document.project_id):
            raise Invalid("The virtual user is not of the project that the task names.")
        applied = await _applied(platform, document, user_id)
        if applied.changes:
            try:
                await documents.replace(
                    "virtual_user",
                    document.id,
                    applied.virtual_user,
                    user_id=user_id,
                    if_version=document.version,
                )
            except Conflict:
                if attempt == _ATTEMPTS:
                    raise
                continue
        break
    return {
        "@type": f"{TASK}Result",
        "virtualUserId": document.id,
        "changes": applied.changes,
        "notes": applied.notes,
    }


async def _applied(platform: "Platform", document: "Document", user_id: str) -> Applied:
    listed = await platform.documents.list(
        "correlation_rule", user_id=user_id, project_id=document.project_id
    )
    if not listed:
        note = {"rule": "", "message": "The project has no correlation rules."}
        return Applied(document.body, [], [note])
    bodies = await recorded_bodies(platform, document)
    return await apply_in_process(document.body, [rule.body for rule in listed], bodies)


async def recorded_bodies(platform: "Platform", document: "Document") -> dict[str, bytes]:
    """The bodies of a recording that correlation looks at, those that are still there."""
    found = {key: await platform.blobs.get(key) for key in body_keys(document.body)}
    return {key: data for key, data in found.items() if data is not None}
