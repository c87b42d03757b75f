"""Targets and scenarios that cannot work, through the official client: each with its cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from octoperf_mcp.cli.agent import Agent, CallFailedError
from tests.octoperf_mcp.embedded.engine.target import Answer, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.conftest import SignedIn

LARGE = 100 * 1024 * 1024


@pytest.fixture
def site() -> Iterator[Target]:
    made = Target()
    made.answers["/large"] = lambda _: Answer(b"x" * LARGE)
    yield made
    made.close()


async def place_of(agent: Agent) -> tuple[str, dict[str, str]]:
    """A new project, and where things run."""
    workspace = (await agent.call("list_workspaces"))["workspaces"][0]["id"]
    made = await agent.call("create_project", {"workspaceId": workspace, "name": "Bad targets"})
    found = await agent.call("list_docker_providers_by_workspace", {"workspaceId": workspace})
    provider = found["dockerProviders"][0]
    where = {"providerId": provider["id"], "location": provider["locations"][0]}
    return str(made["id"]), where


async def virtual_user(agent: Agent, project: str, urls: list[str]) -> str:
    made = await agent.call(
        "import_urls_virtual_user", {"projectId": project, "name": "bad", "urls": urls}
    )
    return str(made["virtualUsers"][0]["id"] if "virtualUsers" in made else made["id"])


async def causes(agent: Agent, project: str, user: str, where: dict[str, str]) -> dict[str, str]:
    """Message of each failed action of one iteration, by its name."""
    which = {"projectId": project, "virtualUserId": user}
    await agent.call("validate_virtual_user", {**which, **where})
    while not (await agent.call("get_virtual_user_validation", {**which, "waitSec": 25}))[
        "finished"
    ]:
        pass
    index = await agent.call("get_virtual_user_validation_index", {"virtualUserId": user})
    found = {}
    for action in index["actions"]:
        detail = await agent.call(
            "get_validation_failure_detail",
            {"virtualUserId": user, "actionId": action["actionId"]},
        )
        found[str(detail["actionId"])] = str(detail)
    return found


async def test_each_broken_answer_is_a_failure_with_its_cause(
    signed_in: SignedIn, site: Target
) -> None:
    plain = f"http://127.0.0.1:{site.port}"
    expected = {
        "http://127.0.0.1:1/down": "Connection refused",
        "http://nobody.invalid/": "UnknownHostException",
        f"https://127.0.0.1:{site.port}/tls": "SSL",
        f"{plain}/cut": "NoHttpResponseException",
        f"{plain}/short": "Premature end",
        f"{plain}/${{gone}}": "404",
    }
    async with signed_in() as agent:
        project, where = await place_of(agent)
        user = await virtual_user(agent, project, [*expected, f"{plain}/large"])
        checked = await agent.call("sanity_check_virtual_user", {"virtualUserId": user})
        assert "Nothing sets ${gone}" in str(checked)
        found = list((await causes(agent, project, user, where)).values())
    assert len(found) == len(expected) + 1
    for (url, cause), told in zip(expected.items(), found, strict=False):
        assert cause in told, (url, told)
    assert f"'bodySize': {LARGE}" in found[-1] or "200" in found[-1]


async def test_expressions_and_files_that_are_wrong_are_said_before_anything_runs(
    signed_in: SignedIn, site: Target
) -> None:
    """Messages of the sanity check, which names the action; a file that a CSV needs blocks."""
    wrong = {
        "RegexpVariableExtractor": {"regexp": "(unclosed"},
        "JsonPathVariableExtractor": {"path": "$.[["},
    }
    async with signed_in() as agent:
        project, where = await place_of(agent)
        user = await virtual_user(agent, project, [f"http://127.0.0.1:{site.port}/"])
        added = [
            {
                "op": "add",
                "path": "/children/0/children/-",
                "value": {
                    "@type": kind,
                    "id": f"extractor-{kind}",
                    "name": kind,
                    "enabled": True,
                    "variable": "x",
                    **fields,
                },
            }
            for kind, fields in wrong.items()
        ]
        await agent.call("patch_virtual_user", {"virtualUserId": user, "patch": added})
        await agent.call(
            "create_csv_variable",
            {"projectId": project, "name": "accounts", "filename": "gone.csv",
             "names": ["login"]},
        )  # fmt: skip
        uses = [{"op": "replace", "path": "/children/0/path", "value": "/${login}"}]
        await agent.call("patch_virtual_user", {"virtualUserId": user, "patch": uses})
        told = str(await agent.call("sanity_check_virtual_user", {"virtualUserId": user}))
        for kind in wrong:
            assert f"{kind} cannot be read" in told
        assert "A file is missing for CSV variable accounts: gone.csv" in told
        with pytest.raises(CallFailedError) as caught:
            await agent.call(
                "validate_virtual_user", {"projectId": project, "virtualUserId": user, **where}
            )
        assert "gone.csv" in str(caught.value.answer)
    assert site.count == 0


async def test_scenarios_that_cannot_run_say_why(signed_in: SignedIn, site: Target) -> None:
    async with signed_in() as agent:
        project, where = await place_of(agent)
        user = await virtual_user(agent, project, [f"http://127.0.0.1:{site.port}/"])
        load = {"users": 1, "rampUpSec": 0, "holdForSec": 1}
        asked: dict[str, Any] = {
            "scenarioName": "x", "projectId": project, "virtualUserIds": [user],
            "providerId": where["providerId"], "locations": [where["location"]],
        }  # fmt: skip
        changes: tuple[dict[str, Any], ...] = (
            {"users": 0},
            {"holdForSec": 0},
            {"virtualUserIds": []},
        )
        for change in changes:
            with pytest.raises(CallFailedError) as caught:
                await agent.call("create_scenario_ramp_up", {**asked, **load, **change})
            assert str(next(iter(change))) in str(caught.value.answer)
        scenario = (await agent.call("create_scenario_ramp_up", {**asked, **load}))["id"]
        with pytest.raises(CallFailedError) as caught:
            await agent.call(
                "schedule_scenario_once",
                {"scenarioId": scenario, "runAt": "2020-01-01T00:00:00Z", "name": "late"},
            )
        assert "past" in str(caught.value.answer)
        await agent.call("delete_virtual_user", {"virtualUserId": user})
        preview = await agent.call("preview_run", {"scenarioId": scenario})
        assert (preview["launchable"], preview.get("launchToken")) == (False, None)
        with pytest.raises(CallFailedError) as caught:
            await agent.call("run_scenario", {"scenarioId": scenario})
        for told in (str(preview["blockers"]), str(caught.value.answer)):
            assert user in told
    assert site.count == 0
