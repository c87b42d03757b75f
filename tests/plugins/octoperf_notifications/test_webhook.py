"""What the webhook is told, and that its address stays a secret."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.config import load_settings
from octoperf_mcp.config.settings import Settings
from octoperf_mcp.entities.extensions import BrokenThreshold, EndedRun, Json, SloVerdict
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
    stopped_early=True,
    duration_sec=60.4,
    planned_sec=600.0,
    peak_users=19,
    error_percent=0.25,
    average_ms=87.654,
    p95_ms=1240.4,
    requests_per_sec=19.868,
    slo=SloVerdict(
        "slo.toml",
        "fail",
        "1 of 2 thresholds hold, 1 do not.",
        (
            BrokenThreshold(
                "Quick enough",
                "RESPONSE_TIME_PERCENTILE_95",
                "",
                "<= 800",
                "ms",
                1240.4,
                "fail",
                "1240.4 ms is not <= 800.",
            ),
        ),
    ),
)
HOSTILE = "<!channel> <@U1|x>\n@all [free](http://evil.example) & \u202eevil"


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


def test_a_chat_is_told_how_it_went_and_where_to_look() -> None:
    figures = (
        "19 users at peak, 60 s of 600 s, 1200 requests (19.9/s), 3 errors (0.25 %), "
        "average 87.7 ms, p95 1240 ms"
    )
    (text,) = slack_body(RUN).values()
    assert text.split("\n") == [
        f":octagonal_sign: *<{RUN.report_url}|Shop &lt;b&gt; &amp; co>* ABORTED",
        ":x: *SLO not kept* (slo.toml): 1 of 2 thresholds hold, 1 do not.",
        "• Quick enough: 1240.4 ms is not &lt;= 800.",
        figures,
        "Stopped early: Ada aborted the test",
    ]


@pytest.mark.parametrize(
    ("slo", "line"),
    [
        (SloVerdict("slo.json", "pass", "2 of 2 hold."), ":white_check_mark: *SLO kept*"),
        (SloVerdict("slo.json", "not_evaluated", "No."), ":warning: *SLO not evaluated*"),
    ],
)
def test_a_verdict_is_told_in_words(slo: SloVerdict, line: str) -> None:
    text = slack_body(replace(RUN, slo=slo))["text"]
    assert text.split("\n")[1] == f"{line} (slo.json): {slo.reason}"


def test_of_many_broken_thresholds_the_first_are_told() -> None:
    assert RUN.slo
    slo = replace(RUN.slo, broken=RUN.slo.broken * 7)
    text = slack_body(replace(RUN, slo=slo))["text"]
    assert text.count("Quick enough") == 5
    assert "• and 2 more\n" in text


@pytest.mark.parametrize(
    ("changed", "figures"),
    [
        ({"hits": None, "errors": None, "peak_users": None}, "20 users planned, 60 s of 600 s"),
        (
            {"hits": 0, "errors": 0, "peak_users": 1},
            "1 user at peak, 60 s of 600 s, 0 requests, 0 errors",
        ),
        ({"duration_sec": None, "hits": 0, "errors": 0}, "19 users at peak, 0 requests, 0 errors"),
        (
            {"errors": 1_200, "error_percent": 100.0, "requests_per_sec": 1234.5},
            "19 users at peak, 60 s of 600 s, 1200 requests (1234/s), 1200 errors (100 %)",
        ),
    ],
)
def test_no_figure_is_made_up(changed: dict[str, Any], figures: str) -> None:
    none = {
        "slo": None,
        "error_percent": None,
        "average_ms": None,
        "p95_ms": None,
        "requests_per_sec": None,
    }
    assert f"\n{figures}\n" in slack_body(replace(RUN, **{**none, **changed}))["text"]


def test_figures_that_are_missing_are_told_to_be() -> None:
    run = replace(RUN, hits=None, errors=None, slo=None, missing="They could not be computed.")
    assert "\nThey could not be computed.\n" in slack_body(run)["text"]


def test_names_mention_nobody_and_link_nowhere() -> None:
    """Also in Mattermost, which reads mentions and Markdown in any text."""
    assert RUN.slo
    broken = replace(RUN.slo.broken[0], name=HOSTILE, reason=HOSTILE)
    run = replace(
        RUN,
        name=HOSTILE,
        cause=HOSTILE,
        caveats=(HOSTILE,),
        missing=HOSTILE,
        slo=replace(RUN.slo, reason=HOSTILE, broken=(broken,)),
    )
    text = slack_body(run)["text"].replace(RUN.report_url, "")
    assert text.count("<") == text.count(">") == 1, "our own link"
    assert "@all" not in text
    assert "](" not in text
    assert "\u202e" not in text
    assert text.count("\n") == 6
    assert "&lt;!channel&gt;" in text


async def test_a_program_is_told_the_facts() -> None:
    ((_, body),) = await posted(RUN, WEBHOOK_URL=ADDRESS, WEBHOOK_BODY="json")
    assert body == json_body(RUN)
    assert (body["event"], body["runId"], body["startedAt"], body["errors"]) == (
        "run.ended", "r1", 1_000, 3,
    )  # fmt: skip
    assert (body["durationSec"], body["peakUsers"], body["stoppedEarly"]) == (60.4, 19, True)
    assert (body["averageMs"], body["p95Ms"], body["requestsPerSec"]) == (87.654, 1240.4, 19.868)
    assert (body["slo"]["verdict"], body["slo"]["broken"][0]["bound"]) == ("fail", "<= 800")


def test_an_agent_can_be_told_whether_a_chat_hears_of_a_run() -> None:
    def promises(**environ: str) -> list[str]:
        registry = load_registry()
        found = extensions_of(registry, Hosts(registry, settings_of(**environ), ""))
        return [each.promise() for each in found.listeners]

    assert promises() == [""]
    (chat,) = promises(WEBHOOK_URL=ADDRESS, STATES="ABORTED,ERROR")
    assert chat.startswith("A chat is told by webhook of each run that ends ABORTED, ERROR: ")
    (program,) = promises(WEBHOOK_URL=ADDRESS, WEBHOOK_BODY="json")
    assert program.startswith("A program is told")
    assert "hooks" not in chat + program
    assert len(chat) < 400


def test_the_address_is_a_secret_and_wrong_settings_are_told(tmp_path: Path) -> None:
    (tmp_path / "address").write_text(ADDRESS, encoding="utf-8")
    settings = settings_of(WEBHOOK_URL_FILE=str(tmp_path / "address"))
    assert ADDRESS not in repr(settings)
    assert settings["notifications"].webhook_url.reveal() == ADDRESS
    with pytest.raises(ConfigError, match="webhook_body"):
        settings_of(WEBHOOK_BODY="teams")
