"""What `connect` prints and `bundle` writes, taken by the clients that it is meant for."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from octoperf_mcp.cli.main import run
from octoperf_mcp.registry.client_setups import setups
from tests.end_to_end.conftest import Server

LIMIT_S = 120

Shell = Callable[..., str]


@pytest.fixture
def shell(clients_folder: Path, tmp_path: Path) -> Shell:
    """Runs a command line in a project of a person who has never used the client."""
    project = tmp_path / "project"
    project.mkdir()
    environ = {
        "HOME": str(tmp_path),
        "PATH": f"{clients_folder / 'node_modules/.bin'}:{os.environ['PATH']}",
        "LANG": "C.UTF-8",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
    }

    def typed(line: str, *, answer: str = "", fails: bool = False) -> str:
        done = subprocess.run(
            shlex.split(line),
            cwd=project,
            env=environ,
            input=answer,
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=LIMIT_S,
        )
        said = done.stdout + done.stderr
        assert bool(done.returncode) == fails, said
        return said

    return typed


@pytest.mark.parametrize(
    ("client", "client_id"),
    [
        ("claude-code", ""),
        ("claude-code", "an-id"),
        ("codex", ""),
        ("codex", "an-id"),
        ("gemini", ""),
    ],
)
def test_the_commands_that_connect_prints_add_show_and_remove(
    server: Server, shell: Shell, client: str, client_id: str
) -> None:
    # Codex begins to sign in when it adds a server that answers, and waits for the person.
    url = "http://127.0.0.1:9/mcp" if client == "codex" else server.url
    setup = setups(url, client_id)[client]
    for command in setup.commands:
        shell(command)
    assert url in shell(setup.check)
    shell(setup.remove)
    gone = shell(setup.check, fails=client != "gemini")  # it lists, others ask for one
    assert url not in gone


@pytest.fixture
def bundle(server: Server, tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    assert run(["bundle", "all", "--url", server.url, "--output", str(folder)]) == 0
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_claude_code_validates_and_installs_the_plugin(
    server: Server, shell: Shell, bundle: Path
) -> None:
    root = bundle / "claude-code"
    for path in (root, root / "plugins/octoperf"):
        assert "Validation passed" in shell(f"claude plugin validate --strict {path}")
    for command in setups(server.url)["claude-code"].package:
        shell(command.format(folder=root))
    details = shell("claude plugin details octoperf")
    listed = re.search(r"Skills \(\d+\) +(.*)", details)
    assert listed
    assert set(listed[1].split(", ")) == names(root / "plugins/octoperf/skills")
    health = shell("claude mcp list")
    assert re.search(rf"{re.escape(server.url)} .*Needs authentication", health), health
    shell(setups(server.url)["claude-code"].package_remove)
    assert server.url not in shell("claude mcp list")


def test_gemini_validates_and_installs_the_extension(
    server: Server, shell: Shell, bundle: Path
) -> None:
    root = bundle / "gemini"
    assert "successfully validated" in shell(f"gemini extensions validate {root}")
    (install,) = setups(server.url)["gemini"].package
    shell(install.format(folder=root) + " --consent", answer="y\n")
    listed = shell("gemini extensions list")
    assert "octoperf (0.1.0)" in listed
    assert "GEMINI.md" in listed
    skills = set(re.findall(r"^ +(octoperf-[a-z-]+): ", listed, re.MULTILINE))
    assert skills == names(root / "skills")
    health = shell("gemini mcp list")
    assert server.url in health
    assert "Failed to import" not in health
    shell(setups(server.url)["gemini"].package_remove)
    assert "octoperf" not in shell("gemini extensions list")


ENTRY = {
    "type": "object",
    "required": ["$schema", "name", "title", "description", "version", "remotes"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"pattern": r"^https://static\.modelcontextprotocol\.io/schemas/[\d-]{10}/"},
        "name": {"pattern": r"^[a-zA-Z0-9.-]{1,150}/[a-zA-Z0-9._-]{1,49}$"},
        "title": {"type": "string", "minLength": 1, "maxLength": 100},
        "description": {"type": "string", "minLength": 1, "maxLength": 100},
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+", "maxLength": 255},
        "websiteUrl": {"type": "string", "format": "uri"},
        "remotes": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["type", "url"],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": "streamable-http"},
                    "url": {"type": "string", "pattern": r"^https?://[^\s]+$"},
                },
            },
        },
    },
}
"""What the schema of 2025-12-11 of the MCP registry asks of a server that is only remote."""


def test_the_registry_entry_keeps_the_rules_of_the_registry(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    assert (
        run(["bundle", "registry", "--url", "https://mcp.acme.com/mcp", "--output", f"{folder}"])
        == 0
    )
    entry = json.loads((folder / "registry/server.json").read_text("utf-8"))
    Draft7Validator(ENTRY, format_checker=Draft7Validator.FORMAT_CHECKER).validate(entry)
    assert entry["name"].startswith("com.acme.mcp/"), "the reversed name of the server's own host"
