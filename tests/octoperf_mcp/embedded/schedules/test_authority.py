"""A job starts with the authority of who made it, and no longer than he has it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.config import EmbeddedSettings, Secret
from octoperf_mcp.embedded.app import close_platform, open_platform
from octoperf_mcp.embedded.failures import Failure, Forbidden
from octoperf_mcp.embedded.idp.ci_tokens import WantedToken
from octoperf_mcp.embedded.limits import Limits
from octoperf_mcp.embedded.people import add_person
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.schedules.authority import start_of
from octoperf_mcp.embedded.schedules.fires import Fire
from octoperf_mcp.embedded.store.documents import Document

PASSWORD = "correct horse battery"
NIGHTLY = {"@type": "UnixCronTrigger", "expression": "0 3 1 1 *"}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    settings = EmbeddedSettings(demo_password=Secret(PASSWORD))
    made, _ = await open_platform(settings, data_dir=tmp_path, origin="http://127.0.0.1:8091")
    yield made
    await close_platform(made)


async def owned(platform: Platform) -> tuple[str, Document]:
    """A user who is no administrator, and a scenario of his without any profile."""
    user_id = await add_person(platform.identity, platform.documents, "ada", PASSWORD)
    (workspace,) = await platform.documents.list("workspace", user_id=user_id)
    where: dict[str, Any] = {"user_id": user_id, "workspace_id": workspace.id}
    project = await platform.documents.create("project", {"name": "Shop"}, **where)
    body = {"name": "Empty", "userProfiles": []}
    scenario = await platform.documents.create("scenario", body, **where, project_id=project.id)
    return user_id, scenario


async def refusal(platform: Platform, job: Document) -> Failure:
    with pytest.raises(Failure) as caught:
        await start_of(platform)(Fire(job, 1))
    return caught.value


async def test_the_run_is_started_as_its_owner(platform: Platform) -> None:
    """It gets as far as the checks of a run that he starts himself."""
    user_id, scenario = await owned(platform)
    wish = {"scenarioId": scenario.id, "name": "n", "trigger": NIGHTLY}
    job = await platform.schedules.create(wish, user_id)
    assert (await refusal(platform, job)).message == "The scenario has no user profile."


async def test_a_user_who_is_locked_out_starts_nothing(platform: Platform) -> None:
    user_id, scenario = await owned(platform)
    wish = {"scenarioId": scenario.id, "name": "n", "trigger": NIGHTLY}
    job = await platform.schedules.create(wish, user_id)
    await platform.identity.set_disabled(user_id, True)
    error = await refusal(platform, job)
    assert isinstance(error, Forbidden)
    assert error.message == "ada, who scheduled this job, is locked out."
    await platform.identity.delete_user(user_id)
    assert "is gone" in (await refusal(platform, job)).message


async def test_a_revoked_ci_token_starts_nothing(platform: Platform) -> None:
    """A schedule is no way around the limits of the token that made it."""
    user_id, scenario = await owned(platform)
    wanted = WantedToken("ci", 1, limits=Limits(most_users=1))
    _, grant = await platform.identity.ci_tokens.create(user_id, wanted)
    wish = {"scenarioId": scenario.id, "name": "n", "trigger": NIGHTLY}
    job = await platform.schedules.create(wish, user_id, grant_id=grant.id)
    assert "no user profile" in (await refusal(platform, job)).message
    await platform.identity.revoke_grant(grant.id, user_id=user_id)
    assert "over or revoked" in (await refusal(platform, job)).message
