"""Switches from the command line: what is listed, and two operators at once."""

import asyncio
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from octoperf_mcp.cli import switches
from octoperf_mcp.cli.main import run
from octoperf_mcp.entities.switches import Switches
from octoperf_mcp.protocol.relay import Relay
from octoperf_mcp.switching import RelaySwitches
from tests.redis_server import RedisServer, running_redis


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def bridge(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The configuration of a bridge; answers its prefix in Redis."""
    prefix = secrets.token_hex(4)
    monkeypatch.setenv("OCTOPERF_MCP_UPSTREAM_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OCTOPERF_MCP_SHARED_REDIS_URL", redis.url)
    monkeypatch.setenv("OCTOPERF_MCP_SHARED_PREFIX", prefix)
    return prefix


def states(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    capsys.readouterr()
    assert run(["plugins", "list", "--json"]) == 0
    listed = orjson.loads(capsys.readouterr().out)
    return {plugin["name"]: plugin["state"] for plugin in listed}


@pytest.mark.usefixtures("bridge")
def test_what_is_turned_at_bridges_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert states(capsys)["bench"] == "enabled"
    assert run(["plugins", "disable", "bench"]) == 0
    assert run(["plugins", "enable", "conformance"]) == 0
    listed = states(capsys)
    assert (listed["bench"], listed["conformance"]) == ("disabled", "enabled")


@pytest.mark.usefixtures("bridge")
def test_a_required_plugin_is_not_disabled(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OCTOPERF_MCP_PLUGINS_REQUIRED", "bench")
    assert run(["plugins", "disable", "bench"]) == 2
    assert "'bench' cannot be disabled: [plugins] required names it" in capsys.readouterr().err
    assert states(capsys)["bench"] == "enabled"
    assert run(["plugins", "enable", "bench"]) == 0
    assert run(["plugins", "disable", "analysis"]) == 0


@pytest.mark.usefixtures("bridge")
def test_operators_at_several_machines_lose_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("bench", "analysis", "edit", "validation")
    command = [sys.executable, "-m", "octoperf_mcp", "plugins", "disable"]
    operators = [
        subprocess.Popen([*command, name], stdout=subprocess.DEVNULL, text=True, encoding="utf-8")
        for name in names
    ]
    assert [operator.wait(timeout=60) for operator in operators] == [0] * len(names)
    assert {states(capsys)[name] for name in names} == {"disabled"}


def test_switches_that_redis_had_lost_are_told(
    redis: RedisServer, bridge: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from octoperf_mcp.protocol.relay_redis import RedisRelay

    async def lose() -> None:
        relay = RedisRelay(redis.url, bridge)
        await relay.open()
        switches = RelaySwitches(relay, lambda: 1_700_000_000.0)
        known = await switches.turn("plugin", "bench", on=False)
        shared: Relay = relay
        await shared.drop(RelaySwitches.LOG)
        await switches.renewed(known)
        await relay.close()

    asyncio.run(lose())
    assert run(["plugins", "list"]) == 0
    told = capsys.readouterr()
    assert "put them back at 2023-11-14T22:13:20+00:00" in told.err
    assert "appendonly yes" in told.err
    assert "turned off by an operator" in told.out


def test_where_no_platform_is_a_listing_makes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OCTOPERF_MCP_EMBEDDED_DATA_DIR", str(tmp_path / "none"))
    assert states(capsys)["bench"] == "enabled"
    assert not (tmp_path / "none").exists()
    tmp_path.joinpath("none").mkdir()
    assert states(capsys)["bench"] == "enabled"
    assert list(tmp_path.joinpath("none").iterdir()) == []
    assert run(["plugins", "disable", "bench"]) == 0
    assert states(capsys)["bench"] == "disabled"


def test_a_command_of_a_plugin_that_was_enabled_at_servers_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    turned = Switches().turned("plugin", "policy", on=True)
    monkeypatch.setattr(switches, "switches_of", lambda _: (turned, []))
    with pytest.raises(SystemExit) as ended:
        run(["policy", "--help"])
    assert ended.value.code == 0
    assert "octoperf-mcp policy" in capsys.readouterr().out
