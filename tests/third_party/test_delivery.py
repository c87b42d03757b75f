"""A third party's plugin, built, installed beside the built package, tested, checked, served."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "delivery"
ENVIRON = {"PYTHONWARNINGS": "", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1"}
"""What is installed is tested, not the sources beside the tests."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the plugin and, beside it, what we are tested in."""
    folder = tmp_path_factory.mktemp("third party")
    source = shutil.copytree(SOURCE, folder / "source")  # a build leaves files where it reads
    _run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, source])
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    made = folder / "venv" / "bin" / "python"
    _run([sys.executable, "-m", "pip", "--python", made, "install", "-q", "--no-deps", wheel])
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    beside = sysconfig.get_path("purelib")
    (site / "beside.pth").write_text(f"import site; site.addsitedir({beside!r})", encoding="utf-8")
    return made


def _run(command: Sequence[object], folder: Path | None = None, status: int = 0) -> str:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=300,
        env={**environ, **ENVIRON},
    )
    assert ended.returncode == status, ended.stdout[-4000:] + ended.stderr[-2000:]
    return ended.stdout


def test_its_own_tests_pass_with_the_kit(python: Path) -> None:
    options = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--show-capture=no")
    told = _run([python, "-m", "pytest", *options], SOURCE)
    assert "19 passed" in told, told


def test_the_check_passes_and_names_where_its_calls_go(python: Path) -> None:
    told = json.loads(
        _run([python, "-m", "octoperf_mcp", "plugins", "check", "delivery", "--json"])
    )
    assert (told["problems"], told["state"]) == ([], "enabled")
    assert "POST chat: at the address in webhook_url" in told["rest_calls"]
    assert len(told["tools"]) == 6


def test_it_is_off_until_an_operator_allows_it_and_its_address_is_hidden(
    python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = json.loads(_run([python, "-m", "octoperf_mcp", "plugins", "list", "--json"]))
    (found,) = [one for one in listed if one["name"] == "delivery"]
    assert (found["state"], found["builtIn"], found["distribution"]) == (
        *("disabled", False),
        "octoperf_mcp_delivery",
    )
    monkeypatch.setenv("OCTOPERF_MCP_DELIVERY_WEBHOOK_URL", "https://chat.example/only-ours")
    shown = _run([python, "-m", "octoperf_mcp", "config", "show", "--enable", "delivery"])
    assert "webhook_url" in shown
    assert "only-ours" not in shown


def test_an_impossible_address_stops_the_start_and_is_not_repeated(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCTOPERF_MCP_DELIVERY_WEBHOOK_URL", "http://169.254.169.254/only-ours")
    command = [python, "-m", "octoperf_mcp", "serve", "--enable", "delivery", "--port", "0"]
    _run([*command, "--data-dir", tmp_path], status=2)
