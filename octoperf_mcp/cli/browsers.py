"""`octoperf-mcp browsers`: what virtual users with a real browser need of this machine."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from octoperf_mcp.cli.local import add_local_arguments, local_settings
from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.engine.browsers.tools import (
    PACKAGE,
    VERSION,
    browser_faults,
    find_chromium,
    installed_version,
    runner_folder,
)
from octoperf_mcp.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    installing = actions.add_parser(
        "install",
        help=f"install Playwright's runner, {PACKAGE} {VERSION}, with npm",
        epilog="20 MB, without a browser: the Chromium or Chrome of the machine is driven.",
    )
    checking = actions.add_parser("check", help="say what is there and what is missing")
    for each in (installing, checking):
        add_local_arguments(each)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    settings: EmbeddedSettings = local_settings(args).embedded
    if args.action == "install":
        _install(runner_folder(settings.browser_runner))
    return _check(settings)


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise ConfigError("npm is not installed (Debian: apt-get install nodejs npm).")
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "package.json").exists():
        (folder / "package.json").write_text("{}", "utf-8")
    done = subprocess.run(  # noqa: S603 - no shell, fixed arguments
        [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", f"{PACKAGE}@{VERSION}"],
        cwd=folder,
        env={**os.environ, "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1"},
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        raise ConfigError(f"npm could not install {PACKAGE}: its own message stands above.")


def _check(settings: EmbeddedSettings) -> int:
    folder = runner_folder(settings.browser_runner)
    print(f"Node.js   {shutil.which('node') or 'missing'}")
    print(f"runner    {installed_version(folder) or 'missing'} in {folder}")
    print(f"browser   {find_chromium(settings.chromium) or 'missing'}")
    faults = browser_faults(settings)
    print("\n".join(faults or ["Browser users can run here."]))
    return 1 if faults else 0
