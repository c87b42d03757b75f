"""The commands of the self-hosting guide exist, with the options and values that it names."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_mcp.cli.main import _parser
from octoperf_mcp.config import load_settings
from octoperf_mcp.config.contradictions import contradictions
from tests.deploy.conftest import DEPLOY, known_variables

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (DEPLOY.parent / "docs" / "self-hosting.md").read_text("utf-8")


def blocks(kind: str) -> list[str]:
    """The code blocks of a kind, each without its indentation, broken lines joined."""
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```", TEXT, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{space}", "", body, flags=re.MULTILINE) for space, body in found]


def commands(program: str) -> list[list[str]]:
    """Words behind a program's name, of all blocks and of the text."""
    lines = [line for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
    lines += re.findall(r"`((?:\w|-)*octoperf-mcp [^`]*)`", TEXT)
    found = [re.search(rf"(?:^|[ /]){program} +(?![-/ ])(.*)$", line) for line in lines]
    return [shlex.split(match[1].partition(" > ")[0], comments=True) for match in found if match]


def test_our_commands_are_understood() -> None:
    told = commands("octoperf-mcp")
    assert len(told) > 12
    for words in told:
        if words[0] not in {"serve", "config"} or "--config" not in words:
            _parser(words)[0].parse_args(words)


def test_charts_are_installed_with_values_that_it_has() -> None:
    helm = pytest.importorskip("helm_python")
    installs = [words for words in commands("helm") if words[0] == "install"]
    assert len(installs) == 2
    for words in installs:
        assert words[2] == "deploy/helm/octoperf-mcp"
        values: dict[str, Any] = {}
        for flag, value in zip(words[3::2], words[4::2], strict=True):
            assert flag == "--set"
            merge(values, helm.parse_set_string(value))
        with helm.Chart.load(str(DEPLOY / "helm" / "octoperf-mcp")) as chart:
            assert chart.render(values, name=words[1], namespace="load")


def merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    """As Helm does with several `--set`."""
    for key, value in more.items():
        if isinstance(value, dict):
            merge(into.setdefault(key, {}), value)
        else:
            into[key] = value


def test_configuration_files_and_variables_are_good(tmp_path: Path) -> None:
    server = next(block for block in blocks("toml") if "[server]" in block)
    file = tmp_path / "octoperf-mcp.toml"
    file.write_text(server, "utf-8")
    settings = load_settings(flags={}, file=file, environ={})
    assert contradictions(settings) == []
    assert settings.server.drain_delay_s == 5
    assert set(re.findall(r"OCTOPERF_MCP_[A-Z_]+", TEXT)) <= known_variables()


def test_files_that_it_links_are_there() -> None:
    links = re.findall(r"\]\((\.\./deploy/[^)]*)\)", TEXT)
    assert links
    for link in links:
        assert (DEPLOY.parent / "docs" / link).exists(), link
