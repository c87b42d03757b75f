"""A headless Chromium as a child process that turns one HTML file into one PDF.

It gets the page as a file with everything in it: it needs no sign-in, no script and no network, and
has none. Profile, home and temporary files are in a folder that goes away with it, and it inherits
no setting of the server. A print takes one to three seconds.
"""

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from octoperf_mcp.embedded.failures import Failure

LIMIT_S: Final = 60.0
PROGRAMS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
"""Names that are looked for on PATH, in this order."""
HOW_TO_INSTALL: Final = (
    "Install Chromium (Debian: apt-get install chromium; Fedora: dnf install chromium; macOS: "
    "brew install --cask chromium) or Google Chrome on the machine of the server, or name its "
    "program by [embedded] chromium. Until then the page of the report can be printed from any "
    "browser."
)
_FLAGS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)
_NO_SANDBOX: Final = "No usable sandbox"


class ChromiumMissingError(Failure):
    """There is no Chromium on this machine; the message says how to get one."""

    code = "chromium_missing"
    status = 422


class PrintFailedError(Failure):
    """Chromium ran, but made no PDF."""

    code = "print_failed"
    status = 422


def find_chromium(setting: str) -> str:
    """Path of the program: that of the setting, else the first found on PATH.

    Raises:
        ChromiumMissingError: there is none.
    """
    if setting:
        found = shutil.which(setting)
        if found is None:
            raise ChromiumMissingError(
                f"PDFs are printed by Chromium, but [embedded] chromium names {setting!r}, which "
                f"is no program on the machine of the server. {HOW_TO_INSTALL}"
            )
        return found
    for name in PROGRAMS:
        if (found := shutil.which(name)) is not None:
            return found
    raise ChromiumMissingError(
        f"PDFs are printed by Chromium, and the machine of the server has none. {HOW_TO_INSTALL}"
    )


async def pdf_of(html: str, *, program: str, limit_s: float = LIMIT_S) -> bytes:
    """Print a page that needs nothing from elsewhere.

    Args:
        html: The page; its `@page` rule decides on paper and margins.
        program: From `find_chromium`.
        limit_s: Seconds after which the browser is killed; it is also killed when the caller is
            cancelled.

    Raises:
        PrintFailedError: it took longer, or there was no PDF at the end.
    """
    with TemporaryDirectory(prefix="octoperf-print-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        page, pdf = folder / "report.html", folder / "report.pdf"
        await asyncio.to_thread(page.write_text, html, "utf-8")
        complaint = await _run(_command(program, folder, page, pdf), folder, limit_s)
        try:
            printed = await asyncio.to_thread(pdf.read_bytes)
        except FileNotFoundError:
            raise PrintFailedError(_reason(complaint)) from None
    return printed


def _command(program: str, folder: Path, page: Path, pdf: Path) -> list[str]:
    flags = [*_FLAGS, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={pdf}"]
    if os.geteuid() == 0:  # Chromium refuses to start as root otherwise
        flags.append("--no-sandbox")
    return [program, *flags, page.as_uri()]


async def _run(command: list[str], folder: Path, limit_s: float) -> str:
    """What the browser complained about until its end."""
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environ,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(limit_s):
            _, complaint = await process.communicate()
    except TimeoutError:
        raise PrintFailedError(
            f"Chromium took longer than {limit_s:g} s and was stopped. Export again, or make the "
            "report smaller."
        ) from None
    finally:
        with suppress(ProcessLookupError):  # its children are in its group, and end with it
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return complaint.decode("utf-8", "replace")


def _reason(complaint: str) -> str:
    if _NO_SANDBOX in complaint:
        return (
            "Chromium found no way to isolate itself (no usable sandbox). Allow user namespaces "
            "to the server, or let [embedded] chromium name a script that starts Chromium with "
            "--no-sandbox: it only ever gets pages of the server, without scripts and network."
        )
    last = complaint.strip().rpartition("\n")[2][:300]
    return f"Chromium made no PDF. {last}".strip()
