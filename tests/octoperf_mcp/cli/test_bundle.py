"""`bundle`: what each client installs, for the address of one server."""

import base64
import json
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from octoperf_mcp import PublicAsset
from octoperf_mcp.cli.bundles import BUNDLES, claude_code
from octoperf_mcp.cli.main import run
from octoperf_mcp.registry.client_setups import setups
from octoperf_mcp.registry.guide import published
from octoperf_mcp.registry.manager import load_registry

URL = "https://mcp.acme.com/mcp"
ASSETS = published(load_registry(), "https://mcp.acme.com", "https://mcp.acme.com").public_assets


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_bundles_are_written_for_a_public_server(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["bundle", "all", "--url", URL]) == 0
    assert {path.name for path in (folder / "octoperf-bundle").iterdir()} == set(BUNDLES)
    shown = capsys.readouterr().out
    assert "claude plugin marketplace add ./octoperf-bundle/claude-code" in shown
    assert "gemini extensions install ./octoperf-bundle/gemini" in shown
    assert shown.count("or open the link of install-link.txt") == 2


def test_the_texts_are_those_that_the_server_publishes(folder: Path) -> None:
    assert run(["bundle", "claude-code", "--url", URL, "--output", "out"]) == 0
    plugin = folder / "out/claude-code/plugins/octoperf"
    assert (plugin / "AGENTS.md").read_bytes() == ASSETS["AGENTS.md"].content
    skills = {path for path in ASSETS if path.startswith("skills/")}
    for path in skills:
        name = "octoperf-" + path.removeprefix("skills/").removesuffix(".md")
        assert (plugin / "skills" / name / "SKILL.md").read_bytes() == ASSETS[path].content
    assert len(list((plugin / "skills").iterdir())) == len(skills)


def test_marketplace_and_plugin_are_called_octoperf(folder: Path) -> None:
    assert run(["bundle", "claude-code", "--url", URL, "--output", "out"]) == 0
    root = folder / "out/claude-code"
    marketplace = json.loads((root / ".claude-plugin/marketplace.json").read_text("utf-8"))
    (listed,) = marketplace["plugins"]
    plugin = root / listed["source"]
    manifest = json.loads((plugin / ".claude-plugin/plugin.json").read_text("utf-8"))
    assert marketplace["name"] == listed["name"] == manifest["name"] == "octoperf"
    server = json.loads((plugin / ".mcp.json").read_text("utf-8"))["mcpServers"]
    assert server == {"octoperf": {"type": "http", "url": URL}}


def test_a_disabled_area_is_in_no_bundle(folder: Path) -> None:
    assert run(["bundle", "gemini", "--url", URL, "--disable", "bench"]) == 0
    extension = folder / "octoperf-bundle/gemini"
    assert "run_scenario(" not in (extension / "GEMINI.md").read_text("utf-8")
    assert not (extension / "skills/octoperf-scheduling").exists()


def test_the_address_is_that_of_the_configured_server(folder: Path) -> None:
    (folder / "octoperf-mcp.toml").write_text(
        '[server]\npublic_url = "https://load.acme.com"\n[upstream]\nurl = "https://api.acme.com"\n',
        "utf-8",
    )
    assert run(["bundle", "vscode"]) == 0
    made = folder / "octoperf-bundle/vscode"
    assert "https://load.acme.com/mcp" in (made / ".vscode/mcp.json").read_text("utf-8")
    guide = (made / ".github/copilot-instructions.md").read_text("utf-8")
    assert "must have `api.acme.com` in the list" in guide


@pytest.mark.parametrize(("configured", "option"), [("an-id", []), ("", ["--client-id", "an-id"])])
def test_bundles_name_the_client_id_where_no_client_can_register(
    folder: Path, capsys: pytest.CaptureFixture[str], configured: str, option: list[str]
) -> None:
    (folder / "octoperf-mcp.toml").write_text(f'[auth]\nclient_id = "{configured}"\n', "utf-8")
    assert run(["bundle", "all", "--url", URL, *option]) == 0
    assert "open the link" not in capsys.readouterr().out
    made = folder / "octoperf-bundle"
    for path, member in (
        ("claude-code/plugins/octoperf/.mcp.json", {"clientId": "an-id", "callbackPort": 8765}),
        ("vscode/.vscode/mcp.json", {"clientId": "an-id"}),
        ("cursor/.cursor/mcp.json", {"CLIENT_ID": "an-id"}),
    ):
        servers = next(iter(json.loads((made / path).read_text("utf-8")).values()))
        assert member in servers["octoperf"].values()
    gemini = json.loads((made / "gemini/gemini-extension.json").read_text("utf-8"))
    assert gemini["mcpServers"]["octoperf"]["oauth"]["clientId"] == "an-id"
    assert not list(made.glob("*/install-link.txt")), "links carry no client id"


def test_links_carry_name_and_address() -> None:
    """The forms that VS Code and Cursor document."""
    scheme, _, query = setups(URL)["copilot"].link.partition("?")
    assert scheme == "vscode:mcp/install"
    assert json.loads(unquote(query)) == {"name": "octoperf", "type": "http", "url": URL}
    link = urlsplit(setups(URL)["cursor"].link)
    assert (link.scheme, link.netloc, link.path) == (
        "cursor",
        "anysphere.cursor-deeplink",
        "/mcp/install",
    )
    given = parse_qs(link.query)
    assert given["name"] == ["octoperf"]
    assert json.loads(base64.b64decode(given["config"][0])) == {"url": URL}


def test_nothing_is_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = folder / "octoperf-bundle/cursor/own.txt"
    own.parent.mkdir(parents=True)
    own.write_text("mine", "utf-8")
    assert run(["bundle", "all", "--url", URL]) == 1
    assert "octoperf-bundle/cursor already" in capsys.readouterr().err
    assert [path.name for path in own.parent.parent.iterdir()] == ["cursor"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8091/mcp", "https://intranet/mcp"])
def test_the_registry_lists_public_servers_only(
    folder: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    assert run(["bundle", "all", "--url", url]) == 0
    assert "left out" in capsys.readouterr().out
    assert run(["bundle", "registry", "--url", url, "--output", "other"]) == 1
    assert "lists public https servers" in capsys.readouterr().err
    assert not (folder / "other").exists()


def test_what_is_no_address_is_wrong_use(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bundle", "all", "--url", "mcp.acme.com"]) == 2
    assert "no http address" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_skills_of_third_parties_keep_their_names() -> None:
    def skill(path: str, content: bytes) -> PublicAsset:
        return PublicAsset(path, "text/markdown; charset=utf-8", content)

    assets = [
        skill("AGENTS.md", b"# Guide"),
        skill("skills/lamps.md", b"---\ndescription: x\nname: acme-lamps\n---\n"),
        skill("skills/doors.md", b"# Doors\nname: no front matter\n"),
        skill("skills/gates/SKILL.md", b"---\nname: gates\n---\n"),
        skill("skills/gates/parts/list.md", b"# Parts\n"),
    ]
    files = claude_code(URL, {asset.path: asset for asset in assets})
    found = {path.partition("/skills/")[2] for path in files if "/skills/" in path}
    assert found == {
        "acme-lamps/SKILL.md",
        "octoperf-doors/SKILL.md",
        "gates/SKILL.md",
        "gates/parts/list.md",
    }
