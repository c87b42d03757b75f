"""Whose authority a job starts with: that of its owner, within the limits of his CI token."""

from octoperf_mcp.embedded.failures import Forbidden, NotFound
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.schedules.fires import Fire, Start
from octoperf_mcp.embedded.store.documents import Document


def start_of(platform: Platform) -> Start:
    """Starts jobs on a platform, no longer than their owners may sign in."""

    async def start(fire: Fire) -> Document:
        await _require_owner(platform, fire)
        grant_id = str(fire.job.body.get("grantId") or "")

        async def admit(users: int, duration_ms: int) -> None:
            if grant_id:
                tokens = platform.identity.ci_tokens
                limits = await tokens.limits(grant_id)
                limits.check_load(users, duration_ms)
                await tokens.spend_run(grant_id, limits)

        return await platform.runs.start(
            fire.job.body["scenarioId"],
            fire.owner_id,
            name=fire.job.body["name"],
            admit=admit,
            template_id=str(fire.job.body.get("templateId") or ""),
            origin={"scheduledJobId": fire.job.id, "scheduledFor": fire.due},
        )

    return start


async def _require_owner(platform: Platform, fire: Fire) -> None:
    """Refuse a start on behalf of nobody.

    Raises:
        Forbidden: the owner is gone or locked out, or his CI token is over.
    """
    try:
        owner = await platform.identity.user(fire.owner_id)
    except NotFound as error:
        raise Forbidden("The user who scheduled this job is gone.") from error
    if owner["disabled"]:
        raise Forbidden(f"{owner['username']}, who scheduled this job, is locked out.")
    grant_id = fire.job.body.get("grantId")
    if grant_id and not await platform.identity.is_live(grant_id):
        raise Forbidden("The CI token that scheduled this job is over or revoked.")
