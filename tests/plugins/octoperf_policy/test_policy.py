"""The policy plugin in a real server, and its command."""

import json
from pathlib import Path

import aiohttp
import pytest
import structlog

from octoperf_mcp.cli.main import run
from octoperf_mcp.cli.serving import serving
from octoperf_mcp.config import load_settings
from octoperf_mcp.registry.manager import load_registry

META = "io.modelcontextprotocol/"
SECTIONS = {
    section.name: section.settings for section in load_registry(enable=["policy"]).config_sections
}


async def called(http: aiohttp.ClientSession, url: str, name: str, arguments: object) -> object:
    envelope = {f"{META}protocolVersion": "2026-07-28", f"{META}clientCapabilities": {}}
    params = {"name": name, "arguments": arguments, "_meta": envelope}
    fields = {
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": name,
        "Accept": "application/json, text/event-stream",
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    async with http.post(url, json=body, headers=fields) as answer:
        return (await answer.json())["result"]["structuredContent"]


async def test_changes_are_frozen_slow_calls_told_and_maintenance_is_not_ready(
    tmp_path: Path,
) -> None:
    sign = tmp_path / "maintenance"
    environ = {
        "OCTOPERF_MCP_AUTH_MODE": "off",
        "OCTOPERF_MCP_SERVER_PORT": "0",
        "OCTOPERF_MCP_UPSTREAM_URL": "http://127.0.0.1:9",
        "OCTOPERF_MCP_POLICY_FREEZE": "true",
        "OCTOPERF_MCP_POLICY_REASON": "Release day.",
        "OCTOPERF_MCP_POLICY_REFUSE": "list_workspaces",
        "OCTOPERF_MCP_POLICY_SLOW_CALL_S": "0.000001",
        "OCTOPERF_MCP_POLICY_MAINTENANCE_FILE": str(sign),
    }
    settings = load_settings(environ=environ, sections=SECTIONS)
    registry = load_registry(enable=["policy"])
    with structlog.testing.capture_logs() as logs:
        async with (
            serving(settings, registry, tmp_path) as server,
            aiohttp.ClientSession() as http,
        ):
            refused = await called(
                http, server.url, "create_project", {"workspaceId": "w", "name": "n"}
            )
            listed = await called(http, server.url, "list_workspaces", {})
            reading = await called(
                http, server.url, "list_projects_by_workspace", {"workspaceId": "w1"}
            )
            sign.touch()
            async with http.get(f"{server.origin}/readyz") as answer:
                ready = answer.status, await answer.json()
    assert refused["code"] == "forbidden"  # type: ignore[index]
    assert "Release day." in refused["message"]  # type: ignore[index]
    assert "refuses list_workspaces" in listed["message"]  # type: ignore[index]
    assert reading["code"] == "unavailable"  # type: ignore[index]
    assert ready[0] == 503
    assert ready[1]["reasons"]["maintenance"] == f"{sign} exists (plugin policy)"
    events = {one["event"]: one for one in logs}
    assert events["policy_holds"]["freeze"] is True
    assert events["slow_tool_call"]["tool"] == "list_projects_by_workspace"
    assert events["policy_ends"]["slow_calls"] == 1


def test_the_command_lists_what_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "octoperf-mcp.toml").write_text(
        '[plugins]\nenable = ["policy"]\n[policy]\nrefuse = ["run_scenario"]\n', encoding="utf-8"
    )
    assert run(["policy", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["run_scenario"]


def test_a_command_of_a_plugin_that_is_off_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy"]) == 2
    told = capsys.readouterr().err
    assert "There is no command 'policy'" in told
    assert "--enable policy" in told
