"""What a browser user needs of the machine: Node, Playwright's runner and a Chromium."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from octoperf_mcp.config import EmbeddedSettings

PACKAGE: Final = "@playwright/test"
VERSION: Final = "1.65.1"
"""The release that was tried; `octoperf-mcp browsers install` installs it."""
INSTALL: Final = "octoperf-mcp browsers install"
PROGRAMS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
"""Names of browsers that are looked for on PATH, in this order."""


SWITCHED_OFF: Final = (
    "Browser users are switched off here: [embedded] most_browsers says how many may run; it is 0 "
    "where the service has a public address and nothing else was set"
)


class BrowserToolsError(Exception):
    """Something is missing; the message says what, and how to install it."""


@dataclass(frozen=True, slots=True)
class BrowserTools:
    """Paths of all three."""

    node: str
    modules: str
    """Folder `node_modules` with the runner in it."""
    chromium: str


def runner_folder(setting: str = "") -> Path:
    """Where the runner is installed: the setting, else a folder of the user's data."""
    if setting:
        return Path(setting)
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "octoperf-mcp" / "browsers"


def installed_version(folder: Path) -> str:
    """Release of the runner in a folder; empty when there is none."""
    path = folder / "node_modules" / PACKAGE / "package.json"
    try:
        return str(json.loads(path.read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def find_chromium(setting: str = "") -> str:
    """Path of a browser program; empty when there is none."""
    for name in [setting] if setting else PROGRAMS:
        if (found := shutil.which(name)) is not None:
            return found
    return ""


def missing(folder: str = "", chromium: str = "") -> list[str]:
    """What is not there, a sentence each; empty when browser users can run."""
    found = []
    if shutil.which("node") is None:
        found.append("Node.js 20 or newer is not installed (Debian: apt-get install nodejs npm)")
    if not installed_version(runner_folder(folder)):
        found.append(
            f"Playwright's runner is not installed in {runner_folder(folder)}: run `{INSTALL}`"
        )
    if not find_chromium(chromium):
        named = f"[embedded] chromium names {chromium!r}, which is no program" if chromium else ""
        found.append(named or "there is no Chromium (Debian: apt-get install chromium)")
    return found


def find_tools(folder: str = "", chromium: str = "") -> BrowserTools:
    """All three.

    Args:
        folder: Of the runner; empty: the usual one.
        chromium: The browser's program; empty: found on PATH.

    Raises:
        BrowserToolsError: one is missing.
    """
    if faults := missing(folder, chromium):
        raise BrowserToolsError(f"Browser users cannot run here: {'; '.join(faults)}.")
    return BrowserTools(
        node=shutil.which("node") or "",
        modules=str(runner_folder(folder).resolve() / "node_modules"),
        chromium=find_chromium(chromium),
    )


def browser_order(settings: EmbeddedSettings) -> dict[str, str]:
    """What generators are told of the configuration."""
    return {"folder": settings.browser_runner, "chromium": settings.chromium}


def browser_faults(settings: EmbeddedSettings) -> list[str]:
    """Why users with a real browser cannot run on this machine; empty when they can."""
    if settings.most_browsers == 0:
        return [SWITCHED_OFF]
    found = missing(settings.browser_runner, settings.chromium)
    return [f"Browser users cannot run here: {fault}" for fault in found]
