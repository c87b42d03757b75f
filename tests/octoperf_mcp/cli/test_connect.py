"""`connect`: the right words for each client, and files that never overwrite anything."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from octoperf_mcp.cli.main import run
from octoperf_mcp.registry.client_setups import is_public, setups

GUIDE = b"# How to drive this server\n"
CLIENTS = list(setups("http://h/mcp"))


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/mcp/public/AGENTS.md"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(GUIDE if found else b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is named there
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/mcp"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("client", CLIENTS)
def test_each_client_is_told_how_to_add_sign_in_check_and_remove(
    client: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["connect", client, "--url", "https://octoperf.example.com/mcp"]) == 0
    shown = capsys.readouterr().out
    assert "https://octoperf.example.com/mcp" in shown
    for word in ("sign in:", "check:", "remove:", "see:     https://"):
        assert word in shown
    assert "cannot reach" not in shown
    setup = setups("")[client]
    assert bool(setup.guide or setup.guide_note) or client == "inspector"


@pytest.mark.parametrize("client", CLIENTS)
def test_where_clients_cannot_register_each_is_given_an_id(
    client: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["connect", client, "--client-id", "an-id"]) == 0
    shown = capsys.readouterr().out
    assert "an-id" in shown
    assert "no client id" not in shown
    assert ("redirect address to register: " in shown) == (client != "any")
    packed = [line for line in shown.splitlines() if "octoperf-mcp bundle" in line]
    assert all(line.endswith("--client-id an-id") for line in packed)
    assert setups("", "an-id")[client].title == setups("")[client].title


def test_all_clients_are_those_that_people_ask_for(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = {
        *("claude-code", "claude-ai", "claude-desktop", "codex", "chatgpt"),
        *("gemini", "copilot", "cursor", "inspector", "any"),
    }
    assert set(CLIENTS) == wanted
    assert run(["connect", "all"]) == 0
    shown = capsys.readouterr().out
    assert all(setup.title in shown for setup in setups("").values())
    assert shown.count("cannot reach http://127.0.0.1:8091/mcp") == 2


@pytest.mark.parametrize(
    ("client", "file", "guide"),
    [
        ("claude-code", ".mcp.json", "AGENTS.md"),
        ("codex", None, "AGENTS.md"),
        ("gemini", ".gemini/settings.json", "GEMINI.md"),
        ("copilot", ".vscode/mcp.json", ".github/copilot-instructions.md"),
        ("vscode", ".vscode/mcp.json", ".github/copilot-instructions.md"),
        ("cursor", ".cursor/mcp.json", ".cursor/rules/octoperf.md"),
        ("any", None, "AGENTS.md"),
    ],
)
def test_the_project_file_and_the_guide_are_written(
    folder: Path, url: str, client: str, file: str | None, guide: str
) -> None:
    for _ in range(2):  # a second time changes nothing
        assert run(["connect", client, "--write", "--url", url]) == 0
    written = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert written == {guide, file} - {None}
    assert (folder / guide).read_bytes() == GUIDE
    if file is not None:
        assert url in (folder / file).read_text("utf-8")


def test_other_servers_stay_and_the_earlier_file_is_kept(folder: Path, url: str) -> None:
    file = folder / ".cursor" / "mcp.json"
    file.parent.mkdir()
    earlier = '{"mcpServers": {"other": {"url": "http://o"}}, "x": 1}'
    file.write_text(earlier, "utf-8")
    assert run(["connect", "cursor", "--write", "--url", url]) == 0
    servers = {"other": {"url": "http://o"}, "octoperf": {"url": url}}
    assert json.loads(file.read_text("utf-8")) == {"mcpServers": servers, "x": 1}
    assert (file.parent / "mcp.json.before-octoperf").read_text("utf-8") == earlier


@pytest.mark.parametrize(
    "present",
    [
        '{ // comment\n"servers": {}}',
        "[]",
        '{"servers": []}',
        '{"servers": {"octoperf": {"type": "http", "url": "https://elsewhere"}}}',
    ],
)
def test_a_file_that_cannot_be_merged_is_left_alone(
    folder: Path, url: str, present: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / ".vscode" / "mcp.json"
    file.parent.mkdir()
    file.write_text(present, "utf-8")
    assert run(["connect", "copilot", "--write", "--url", url]) == 1
    assert file.read_text("utf-8") == present
    assert "add this by hand" in capsys.readouterr().err
    assert [path.name for path in file.parent.iterdir()] == ["mcp.json"]


def test_a_guide_of_ones_own_is_never_overwritten(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "AGENTS.md").write_text("Ours.", "utf-8")
    assert run(["connect", "claude-code", "--write", "--url", url]) == 1
    assert (folder / "AGENTS.md").read_text("utf-8") == "Ours."
    assert "left as it is" in capsys.readouterr().err
    assert (folder / ".mcp.json").exists()


def test_without_a_server_the_guide_is_missing_and_that_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["connect", "codex", "--write", "--url", "http://127.0.0.1:1/mcp"]) == 1
    assert "is the server running?" in capsys.readouterr().err
    assert not list(folder.iterdir())


@pytest.mark.parametrize("client", ["claude-ai", "chatgpt", "inspector", "all"])
def test_what_has_no_files_is_not_written(
    folder: Path, client: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["connect", client, "--write"]) == 1
    assert capsys.readouterr().err
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://octoperf.example.com/mcp", True),
        ("https://8.8.8.8/mcp", True),
        ("http://octoperf.example.com/mcp", False),
        ("https://10.1.2.3/mcp", False),
        ("https://[::1]/mcp", False),
        ("https://localhost/mcp", False),
        ("https://printer.local/mcp", False),
    ],
)
def test_hosted_clients_reach_public_addresses_only(url: str, public: bool) -> None:
    assert is_public(url) is public
