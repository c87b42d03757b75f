"""A plugin made by the kit is installed in a clean environment, and its own tests pass there."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from octoperf_mcp.cli.main import run
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.kit.making import make_plugin

CHECK = "sys.exit(run(['plugins', 'check', 'acme', '--json']))"


def _run(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=300,
        env={**environ, "PYTHONWARNINGS": ""},
    )


def test_a_new_plugin_passes_its_own_tests_and_the_check_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    assert run(["plugins", "new", "acme", "--folder", str(folder)]) == 0
    packages = tmp_path / "packages"
    installed = _run(
        [
            *(sys.executable, "-m", "pip", "install", "-q", "--no-deps"),
            *("--target", packages, folder),
        ],
        folder,
    )
    assert installed.returncode == 0, installed.stderr
    environ = f"import sys; sys.path.insert(0, {str(packages)!r})"
    tested = _run(
        [
            *(sys.executable, "-c"),
            f"{environ}; import pytest; sys.exit(pytest.main(['-q', '-p', 'no:randomly']))",
        ],
        folder,
    )
    assert tested.returncode == 0, tested.stdout[-3000:]
    assert "4 passed" in tested.stdout
    checked = _run(
        [
            *(sys.executable, "-c"),
            environ + "; from octoperf_mcp.cli.main import run; " + CHECK,
        ],
        folder,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    told = json.loads(checked.stdout)
    assert (told["problems"], told["api"], told["state"]) == ([], ">=1.0,<2", "enabled")
    assert [tool["name"] for tool in told["tools"]] == ["acme_count_projects"]


def test_built_in_plugins_keep_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "check", "discovery"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", ["", "Acme", "a-b", "1a", "../x", "a" * 40])
def test_a_wrong_name_makes_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="no name of a plugin"):
        make_plugin(name, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="exists already"):
        make_plugin("acme", tmp_path)
