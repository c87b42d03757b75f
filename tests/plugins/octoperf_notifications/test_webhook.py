"""What the webhook is told, and that its address stays a secret."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.config import load_settings
from octoperf_mcp.config.settings import Settings
from octoperf_mcp.entities.extensions import EndedRun, Json
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.extensions import extensions_of
from octoperf_mcp.hosts import Hosts
from octoperf_mcp.registry.manager import load_registry
from octoperf_notifications.webhook import json_body, slack_body

ADDRESS = "https://hooks.example/services/T0/very-secret"
RUN = EndedRun(
    run_id="r1",
    name="Shop <b> & co",
    state="ABORTED",
    cause="Ada aborted the test",
    workspace_id="w1",
    project_id="p1",
    scenario_id="s1",
    started_at=1_000,
    ended_at=61_400,
    user_load=20,
    hits=1_200,
    errors=3,
    report_url="https://octoperf.example/ui/workspace/w1/project/p1/analysis/report/b1",
)


def settings_of(**environ: str) -> Settings:
    sections = {one.name: one.settings for one in load_registry().config_sections}
    named = {f"OCTOPERF_MCP_NOTIFICATIONS_{key}": value for key, value in environ.items()}
    return load_settings(environ=named, sections=sections)


async def posted(run: EndedRun, **environ: str) -> list[tuple[str, Json]]:
    """What the platform is asked to deliver."""
    registry = load_registry()
    extensions = extensions_of(registry, Hosts(registry, settings_of(**environ), ""))
    sent: list[tuple[str, Json]] = []

    async def deliver(address: str, body: Json) -> None:
        sent.append((address, body))

    for listener in extensions.listeners:
        await listener.tell(run, deliver)
    return sent


async def test_without_an_address_nobody_is_told() -> None:
    assert await posted(RUN) == []


async def test_only_the_configured_ends_are_told() -> None:
    only = {"WEBHOOK_URL": ADDRESS, "STATES": "ABORTED,ERROR"}
    assert [address for address, _ in await posted(RUN, **only)] == [ADDRESS]
    assert await posted(replace(RUN, state="FINISHED"), **only) == []


def test_slack_is_told_a_text_with_a_link_and_figures() -> None:
    (text,) = slack_body(RUN).values()
    link, figures, cause = text.split("\n")
    assert link == f":octagonal_sign: *<{RUN.report_url}|Shop &lt;b&gt; &amp; co>* ABORTED"
    assert figures == "20 users, 60 s, 1200 requests, 3 errors (0.25 %)"
    assert cause == "Ada aborted the test"


@pytest.mark.parametrize(
    ("changed", "figures"),
    [
        ({"hits": None, "errors": None}, "20 users, 60 s"),
        ({"hits": 0, "errors": 0}, "20 users, 60 s, 0 requests, 0 errors"),
        ({"started_at": 0, "hits": 0, "errors": 0}, "20 users, 0 requests, 0 errors"),
    ],
)
def test_no_figure_is_made_up(changed: dict[str, Any], figures: str) -> None:
    text = slack_body(replace(RUN, **changed))["text"]
    assert text.split("\n")[1] == figures


async def test_a_program_is_told_the_facts() -> None:
    ((_, body),) = await posted(RUN, WEBHOOK_URL=ADDRESS, WEBHOOK_BODY="json")
    assert body == json_body(RUN)
    assert (body["event"], body["runId"], body["startedAt"], body["errors"]) == (
        "run.ended", "r1", 1_000, 3,
    )  # fmt: skip


def test_the_address_is_a_secret_and_wrong_settings_are_told(tmp_path: Path) -> None:
    (tmp_path / "address").write_text(ADDRESS, encoding="utf-8")
    settings = settings_of(WEBHOOK_URL_FILE=str(tmp_path / "address"))
    assert ADDRESS not in repr(settings)
    assert settings["notifications"].webhook_url.reveal() == ADDRESS
    with pytest.raises(ConfigError, match="webhook_body"):
        settings_of(WEBHOOK_BODY="teams")
