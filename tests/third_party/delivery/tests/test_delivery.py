"""The plugin in a running server, over a run that was really played."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from octoperf_mcp.kit.running import CallFailedError, Client, Platform
from octoperf_mcp.kit.seeding import FinishedRun

TOOLS = {
    "delivery_judge_run",
    "delivery_judge_runs",
    "delivery_tell_team",
    "delivery_write_junit",
    "delivery_write_markdown",
}


def test_the_plugin_keeps_the_contract(tool_contract: Any) -> None:
    tool_contract("delivery")


def test_tools_are_listed_where_they_can_work(mcp_client: Client) -> None:
    listed = {name for name in mcp_client.tools() if name.startswith("delivery_")}
    assert listed == TOOLS  # no delivery_keep_verdict: this platform cannot


def test_a_run_is_judged_by_the_limits_of_the_operator(
    mcp_client: Client, finished_run: FinishedRun
) -> None:
    run = {"benchResultId": finished_run.bench_result_id}
    verdict = mcp_client.call("delivery_judge_run", **run)
    whole, *actions = verdict["checks"]
    assert (verdict["state"], verdict["passed"]) == ("FINISHED", False)
    assert whole["hits"] == sum(check["hits"] for check in actions) > 0
    assert sorted(check["passed"] for check in actions) == [False, True]
    (failed,) = [check for check in actions if not check["passed"]]
    assert failed["reason"] == "100.00 % errors, more than 5 %"
    assert verdict["url"].endswith(f"/analysis/report/{finished_run.report_id}")
    rows = mcp_client.call("delivery_judge_runs", projectId=finished_run.project_id)
    assert [row["id"] for row in rows["runs"]] == [finished_run.bench_result_id]


def test_a_report_shows_the_verdict(platform: Platform, finished_run: FinishedRun) -> None:
    run = {"benchResultId": finished_run.bench_result_id}
    item = {"@type": "DeliveryVerdictReportItem", "id": "verdict", "name": "Verdict", **run}
    report = {"reportId": finished_run.report_id}
    with platform.client() as client:
        patch = [{"op": "add", "path": "/items/-", "value": item}]
        client.call("patch_bench_report", **report, patch=patch)
        found = client.call("get_report_item_values", **report, itemId="verdict")
        judged = client.call("delivery_judge_run", **run)
    errors, p95 = found["rows"]
    assert errors == ["Errors (%)", judged["checks"][0]["errorPct"], 5, "failed"]
    assert p95[0::3] == ["p95 (ms)", "passed"]
    assert p95[2] is None


def test_a_pipeline_reads_junit(mcp_client: Client, finished_run: FinishedRun) -> None:
    written = mcp_client.call("delivery_write_junit", benchResultId=finished_run.bench_result_id)
    suite = ET.fromstring(written["text"])
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "2", "0")
    assert len(suite.findall("testcase/failure")) == 2


def test_people_read_markdown(mcp_client: Client, finished_run: FinishedRun) -> None:
    written = mcp_client.call("delivery_write_markdown", benchResultId=finished_run.bench_result_id)
    assert "]({}): failed".format(written["url"]) in written["text"]
    assert "| the whole run |" in written["text"]


def test_the_team_is_told_and_no_token_leaves(
    mcp_client: Client, finished_run: FinishedRun, chat: Any
) -> None:
    run = {"benchResultId": finished_run.bench_result_id}
    sent = mcp_client.call("delivery_tell_team", note="<!channel> look", **run)
    ((path, fields, body),) = chat.heard
    assert sent["sent"]
    assert path.endswith("/only-the-chat-knows")
    assert "authorization" not in fields
    assert "traceparent" not in fields
    assert f"<{sent['url']}|" in body["text"]
    assert "&lt;!channel&gt; look" in body["text"]


def test_a_refusal_of_the_chat_says_what_to_do_without_its_address(
    mcp_client: Client, finished_run: FinishedRun, chat: Any
) -> None:
    chat.status = 404
    with pytest.raises(CallFailedError) as caught:
        mcp_client.call("delivery_tell_team", benchResultId=finished_run.bench_result_id)
    told = caught.value.answer
    assert told["code"] == "not_found"
    assert told["message"] == "The service chat of the plugin delivery refuses (HTTP 404)."
    assert "[delivery] webhook_url" in told["hint"]
    assert "only-the-chat-knows" not in json.dumps(told)


def test_a_stranger_reads_nothing_and_sends_nothing(
    two_tenants: tuple[Client, Client], finished_run: FinishedRun, chat: Any
) -> None:
    _, stranger = two_tenants
    for tool in ("delivery_judge_run", "delivery_write_junit", "delivery_tell_team"):
        with pytest.raises(CallFailedError) as caught:
            stranger.call(tool, benchResultId=finished_run.bench_result_id)
        assert caught.value.answer["code"] in {"not_found", "forbidden", "invalid_argument"}
    assert not chat.heard


def test_the_skill_is_public(platform: Platform) -> None:
    address = f"{platform.url}/public/skills/delivery-handover.md"
    with urllib.request.urlopen(address) as answer:
        assert b"`delivery_judge_run`" in answer.read()


def test_a_pipeline_fails_with_the_run(
    platform: Platform, finished_run: FinishedRun, tmp_path: Path
) -> None:
    file, junit = tmp_path / "verdict.json", tmp_path / "junit.xml"
    with platform.client() as client:
        run = {"benchResultId": finished_run.bench_result_id}
        file.write_text(json.dumps(client.call("delivery_judge_run", **run)), encoding="utf-8")
    ended = _command("delivery", file, "--junit", junit, "--enable", "delivery")
    assert ended.returncode == 1, ended.stderr
    assert "| the whole run |" in ended.stdout
    assert ET.parse(junit).getroot().get("failures") == "2"
    file.write_text("{}", encoding="utf-8")
    assert _command("delivery", file, "--enable", "delivery").returncode == 2


def test_switched_off_and_on_again_while_the_server_runs(
    platform: Platform, finished_run: FinishedRun, chat: Any
) -> None:
    run = {"benchResultId": finished_run.bench_result_id}
    with platform.client() as client:
        _turn(platform, "disable")
        left = _until(client, lambda names: "delivery_judge_run" not in names)
        assert not {name for name in left if name.startswith("delivery_")}
        with pytest.raises(Exception, match="delivery_tell_team"):
            client.call("delivery_tell_team", **run)
        _turn(platform, "enable")
        assert _until(client, lambda names: "delivery_judge_run" in names) >= TOOLS
        assert client.call("delivery_tell_team", **run)["sent"]
    assert len(chat.heard) == 1


def _command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "octoperf_mcp", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def _turn(platform: Platform, action: str) -> None:
    ended = _command("plugins", action, "delivery", "--data-dir", platform.data_dir)
    assert ended.returncode == 0, ended.stderr


def _until(client: Client, held: Any) -> set[str]:
    for _ in range(300):
        names = set(client.tools())
        if held(names):
            return names
    raise AssertionError("the switch was not followed")
