"""The command line: help with examples, JSON for programs, exit status 0, 1 or 2."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from octoperf_mcp.cli.main import COMMANDS, run


def octoperf_mcp(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "octoperf_mcp", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run([command, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert f"octoperf-mcp {command}" in shown.partition("examples:")[2]


def test_no_command_shows_all_of_them_and_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)


def test_an_unknown_command_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serv"]) == 2
    assert "There is no command 'serv'. Did you mean serve?" in capsys.readouterr().err


def test_a_command_named_as_a_plugin_tells_how_to_enable_that(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["policy", "--verbose"]) == 2
    assert "`octoperf-mcp policy --enable policy`" in capsys.readouterr().err


def test_tools_as_json_are_the_objects_of_tools_list(tmp_path: Path) -> None:
    done = octoperf_mcp("tools", "--json", cwd=tmp_path)
    listed = {tool["name"]: tool for tool in json.loads(done.stdout)}
    assert done.returncode == 0
    assert listed["list_workspaces"]["annotations"]["readOnlyHint"] is True


def test_tokens_are_counted_by_area(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tools", "--tokens"]) == 0
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert int(rows["all"][1]) == sum(int(rows[area][1]) for area in rows if _is_area(rows[area]))
    assert rows["discovery"][4] in {"list_projects_by_workspace", "list_virtual_users"}


def _is_area(row: list[str]) -> bool:
    return row[0] != "all" and row[1].isdigit()


def test_tokens_without_a_tokenizer_say_how_to_get_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "toktok", None)
    assert run(["tools", "--tokens"]) == 1
    assert "pip install toktok-rs" in capsys.readouterr().err


def test_a_disabled_area_has_no_tools(tmp_path: Path) -> None:
    done = octoperf_mcp("tools", "--disable", "discovery", cwd=tmp_path)
    assert "list_workspaces" not in done.stdout


def test_plugins_are_listed_with_their_state(tmp_path: Path) -> None:
    done = octoperf_mcp("plugins", "list", "--json", "--disable", "bench", cwd=tmp_path)
    states = {plugin["name"]: plugin["state"] for plugin in json.loads(done.stdout)}
    assert states["bench"] == "disabled"
    assert states["discovery"] == "enabled"


def test_a_wrong_setting_is_named_and_exits_with_2(tmp_path: Path) -> None:
    (tmp_path / "octoperf-mcp.toml").write_text("[server]\nprot = 1\n", "utf-8")
    done = octoperf_mcp("serve", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean 'port'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "--public-url"),
        (["--host", "0.0.0.0", "--auth", "off"], "loopback"),
    ],
)
def test_an_open_address_needs_a_public_url_and_authentication(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = octoperf_mcp("serve", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


def test_call_refuses_arguments_that_are_no_json_object(tmp_path: Path) -> None:
    assert octoperf_mcp("call", "list_workspaces", "{", cwd=tmp_path).returncode == 2
    assert octoperf_mcp("call", "list_workspaces", "[]", cwd=tmp_path).returncode == 2


def test_call_says_that_nobody_answers(tmp_path: Path) -> None:
    done = octoperf_mcp("call", "x", "--url", "http://127.0.0.1:1/mcp", cwd=tmp_path)
    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
