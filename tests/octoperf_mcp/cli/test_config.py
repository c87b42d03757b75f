"""`octoperf-mcp config`."""

import json
from pathlib import Path

import pytest

from octoperf_mcp.cli.main import run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "octoperf-mcp.toml"
    path.write_text(
        "[server]\npublic_url = 'https://x.example'\n"
        "[embedded]\ndatabase_url = 'postgresql://me:pa55word@db/octoperf'\n"
        "demo_password = 'pa55word'\n",
        "utf-8",
    )
    return path


def test_show_tells_where_each_value_is_from_and_no_secret(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCTOPERF_MCP_LIMITS_BURST", "7")
    assert run(["config", "show", "--origin", "--config", str(file), "--port", "99"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "port = 99  # flag --port" in lines
    assert "burst = 7  # environment OCTOPERF_MCP_LIMITS_BURST" in lines
    assert f'public_url = "https://x.example"  # file {file}' in lines
    assert 'host = "127.0.0.1"  # default' in lines
    assert f'demo_password = "[hidden]"  # file {file}' in lines
    assert "pa55word" not in "".join(lines)


def test_show_as_json_has_value_and_origin(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "show", "--json", "--config", str(file)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["server"]["port"] == {"value": 8091, "origin": "default"}
    assert told["embedded"]["database_url"]["value"] == "postgresql://[hidden]@db/octoperf"


def test_check_is_content_with_what_serve_would_take(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", "check", "--config", str(file)]) == 0
    assert "holds" in capsys.readouterr().out


def test_check_lists_every_contradiction(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--upstream", "https://api.example", "--public-url", "x", "--json"]
    assert run(["config", "check", "--config", str(file), *arguments]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert len(told["problems"]) == 2
    assert "flag --public-url" in told["problems"][0]


def test_check_tells_of_an_unknown_key(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("[server]\nprot = 1\n", "utf-8")
    assert run(["config", "check", "--config", str(file)]) == 2
    assert "did you mean 'port'" in capsys.readouterr().err


def test_the_schema_names_the_keys_of_plugins_and_core(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["properties"]["server"]["properties"]["port"]["maximum"] == 65535
