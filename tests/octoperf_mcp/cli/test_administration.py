"""`users`, `clients`, `keys` and `audit`: local administration beside a server."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from octoperf_mcp.cli.audit import epoch_ms
from octoperf_mcp.cli.local import Local, opened
from octoperf_mcp.cli.main import run
from octoperf_mcp.config import load_settings
from octoperf_mcp.embedded.idp.client_metadata import Registration
from octoperf_mcp.embedded.store.schema import now_ms
from octoperf_mcp.errors import ConfigError

T = TypeVar("T")
PASSWORD = "correct horse battery"

Command = Callable[..., int]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def command(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command on the data directory, with a text as its standard input."""

    def act(*arguments: str, stdin: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        return run([*arguments, "--data-dir", str(data_dir)])

    return act


def inside(data_dir: Path, work: Callable[[Local], Awaitable[T]]) -> T:
    async def main() -> T:
        settings = load_settings(flags={"embedded": {"data_dir": str(data_dir)}}, environ={})
        async with opened(settings) as local:
            return await work(local)

    return asyncio.run(main())


def test_a_user_is_added_with_a_password_from_standard_input(
    command: Command, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("users", "add", "ada", stdin=PASSWORD + "\n") == 0
    assert PASSWORD not in capsys.readouterr().out

    async def signed_in(local: Local) -> tuple[str | None, list[Any]]:
        user_id = await local.identity.check_password("ada", PASSWORD)
        found = await local.documents.list("workspace", user_id=user_id or "")
        return user_id, [each.body["name"] for each in found]

    user_id, workspaces = inside(data_dir, signed_in)
    assert user_id
    assert workspaces == ["Default"]


def test_a_generated_password_is_printed_and_works(
    command: Command, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("users", "add", "ada", stdin=PASSWORD)
    capsys.readouterr()
    assert command("users", "passwd", "ada", "--generate") == 0
    made = capsys.readouterr().out.strip()
    assert inside(data_dir, lambda local: local.identity.check_password("ada", made))
    assert not inside(data_dir, lambda local: local.identity.check_password("ada", PASSWORD))


def test_users_are_listed_locked_out_and_appointed(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command("users", "add", "ada", stdin=PASSWORD)
    command("users", "add", "eve", stdin=PASSWORD)
    assert command("users", "disable", "EVE") == 0
    assert command("users", "disable", "ada") == 1
    assert "last administrator" in capsys.readouterr().err
    command("users", "enable", "eve")
    command("users", "promote", "eve")
    command("users", "disable", "ada")
    capsys.readouterr()
    command("users", "list", "--json")
    users = {user["username"]: user for user in json.loads(capsys.readouterr().out)}
    assert {name: user["disabled"] for name, user in users.items()} == {"ada": True, "eve": False}
    assert users["eve"]["administrator"]
    command("users", "list")
    assert "disabled" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("users", "passwd", "nobody", "--generate"), "known are: ada"),
        (("users", "add", "ada", "--generate"), "already a user ada"),
        (("users", "add", "bob"), "password"),
        (("clients", "delete", "nope"), "no client 'nope'"),
        (("clients", "prune", "--unused-since", "soon"), "neither a date"),
        (("audit", "--user", "nobody"), "no user 'nobody'"),
    ],
)
def test_what_cannot_be_done_says_why(
    command: Command,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    command("users", "add", "ada", stdin=PASSWORD)
    capsys.readouterr()
    assert command(*arguments) in {1, 2}
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_without_a_platform_nothing_is_made_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["users", "list", "--data-dir", str(tmp_path / "none")]) == 2
    assert "holds no platform yet" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_clients_are_listed_and_the_unused_deleted(
    command: Command, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def registered(local: Local) -> str:
        wanted = Registration("Agent", ("http://127.0.0.1/cb",), "native", "none", "")
        client, _ = await local.identity.clients.register(wanted)
        return client.id

    client_id = inside(data_dir, registered)
    command("clients", "list", "--json")
    (shown,) = json.loads(capsys.readouterr().out)
    assert (shown["clientId"], shown["lastUsed"], shown["connections"]) == (client_id, None, 0)
    command("clients", "prune", "--unused-since", "1d")
    assert capsys.readouterr().out == "0 deleted.\n"
    command("clients", "list")
    assert "never used" in capsys.readouterr().out
    assert command("clients", "delete", client_id) == 0
    command("clients", "list", "--json")
    assert json.loads(capsys.readouterr().out) == []


def test_the_audit_shows_what_the_operator_did(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    command("users", "add", "ada", stdin=PASSWORD)
    command("users", "promote", "ada")
    capsys.readouterr()
    assert command("audit", "--json", "--since", "1h") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["action"] for line in lines] == ["user.promote", "user.add"]
    assert lines[0]["entityIds"] == lines[1]["entityIds"]
    command("audit", "--limit", "1")
    assert "user.promote" in capsys.readouterr().out
    command("audit", "--user", "ada")
    assert capsys.readouterr().out == ""


def test_dates_are_utc_and_spans_are_ago() -> None:
    assert epoch_ms("2026-07-01") == epoch_ms("2026-07-01T02:00+02:00") == 1_782_864_000_000
    assert abs(now_ms() - 24 * 3600 * 1000 - epoch_ms("24h")) < 60_000
    with pytest.raises(ConfigError):
        epoch_ms("yesterday")


def test_a_key_is_rotated_with_overlap_or_at_once(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    def states() -> dict[str, str]:
        assert command("keys", "list", "--json") == 0
        return {key["kid"]: key["state"] for key in json.loads(capsys.readouterr().out)}

    (first,) = states()
    assert command("keys", "rotate") == 0
    second = capsys.readouterr().out.strip()
    assert states() == {first: "signs", second: "next"}
    assert command("keys", "rotate", "--at-once") == 0
    third = capsys.readouterr().out.strip()
    assert states() == {third: "signs"}
