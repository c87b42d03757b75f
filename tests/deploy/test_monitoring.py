"""Dashboard and alerts ask for what a running server tells."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from octoperf_mcp.cli.agent import connected
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.registry.manager import load_registry
from tests.deploy.conftest import DEPLOY, told
from tests.deploy.prometheus import program
from tests.end_to_end.conftest import PASSWORD, Server

promql = pytest.importorskip("promql_parser")
yaml = pytest.importorskip("yaml")
MONITORING = DEPLOY / "monitoring"
OF_PROMETHEUS = {"up": {"job", "instance"}}
TARGET = {"job", "instance", "le"}
"""Labels that Prometheus adds, and that of histograms."""


def dashboard() -> dict[str, Any]:
    return dict(json.loads((MONITORING / "grafana-dashboard.json").read_text("utf-8")))


def asked() -> list[str]:
    """All expressions, with what Grafana fills in."""
    panels = dashboard()["panels"]
    shown = [each["expr"] for panel in panels for each in panel["targets"]]
    shown = [text.replace("$__rate_interval", "5m").replace("$", "") for text in shown]
    return shown + list(rules().values())


async def told_by_a_server(folder: Path) -> dict[str, set[str]]:
    """Names of series with their labels, after a call."""
    server = Server(folder)
    server.start()
    try:
        async with connected(server.url, FormSignIn("demo", PASSWORD)) as agent:
            await agent.call("list_workspaces")
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{server.origin}/metrics") as answer,
        ):
            text = await answer.text()
    finally:
        server.stop()
    found: dict[str, set[str]] = defaultdict(set)
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.MULTILINE):
        found[name] |= set(re.findall(r'(\w+)="', labels))
    return found


async def test_every_series_and_label_that_is_asked_for_exists(tmp_path: Path) -> None:
    known = {**await told_by_a_server(tmp_path), **OF_PROMETHEUS}
    for expression in asked():
        promql.parse(expression)
        names = set(re.findall(r"\b(?:octoperf_mcp|process)_\w+|\bup\b", expression))
        assert names, expression
        for name in names:
            assert name in known, expression
        labels = set(re.findall(r"(\w+)(?:=~|!~|!=|=)\"", expression))
        labels |= set(re.findall(r"\w+", " ".join(re.findall(r"by \((.*?)\)", expression))))
        assert labels <= set.union(TARGET, *(known[name] for name in names)), expression


def rules() -> dict[str, str]:
    """Expressions by alert."""
    text = (MONITORING / "alerts.yaml").read_text("utf-8")
    return {each["alert"]: each["expr"] for each in yaml.safe_load(text)["groups"][0]["rules"]}


def test_alerts_fire_when_they_should_and_are_silent_when_they_should() -> None:
    promtool = program("promtool")
    cases = Path(__file__).parent / "alert_cases.yaml"
    assert "SUCCESS" in told(promtool, "check", "rules", MONITORING / "alerts.yaml")
    assert "SUCCESS" in told(promtool, "test", "rules", cases)


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_silent() -> None:
    cases = yaml.safe_load((Path(__file__).parent / "alert_cases.yaml").read_text("utf-8"))
    found = {
        (each["alertname"], bool(each["exp_alerts"]))
        for case in cases["tests"]
        for each in case["alert_rule_test"]
    }
    assert found == {(name, fires) for name in rules() for fires in (True, False)}


def test_tools_that_wait_are_not_called_slow() -> None:
    waiting = {
        name
        for name, tool in load_registry().tools.items()
        if "waitSec" in tool.definition["inputSchema"].get("properties", {})
    }
    assert waiting
    left_out = re.findall(r'tool!~"(.*?)"', rules()["OctoPerfMcpSlow"])
    assert all(re.fullmatch(left_out[0], name) for name in waiting | {"validate_virtual_user"})


def test_panels_lie_side_by_side() -> None:
    board = dashboard()
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
