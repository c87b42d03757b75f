"""`octoperf-mcp connect`: how to connect a client, or the connection written down for it."""

import argparse
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from octoperf_mcp.cli.main import FAILED, WRONG_USE
from octoperf_mcp.config import ServerSettings
from octoperf_mcp.errors import OctoPerfMcpError
from octoperf_mcp.registry.client_setups import (
    ALIASES,
    ClientSetup,
    bundle_folder,
    guide_url,
    is_public,
    pretty_json,
    setups,
)

_GUIDE_TIMEOUT_S = 10
_MOST_GUIDE_BYTES = 2 * 1024 * 1024


class NotWrittenError(OctoPerfMcpError):
    """A file stays as it is; the message says why and what to do by hand."""

    code = "not_written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    default = f"http://127.0.0.1:{ServerSettings().port}/mcp"
    names = [*setups(""), *ALIASES, "all"]
    parser.add_argument("client", choices=names, help="the client to connect")
    parser.add_argument("--url", default=default, help=f"endpoint (default: {default})")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write the client's project file and the agent guide into this folder",
    )
    parser.add_argument("--workspace", metavar="ID", default="", help="pin this workspace")
    parser.add_argument(
        "--project", metavar="ID", default="", help="pin this project of the workspace"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--areas", metavar="A,B", default="", help="only the tools of these areas (plugins)"
    )
    shown.add_argument(
        "--catalog", action="store_true", help="list a few tools, find and call the rest by name"
    )
    parser.add_argument(
        "--client-id",
        metavar="ID",
        default="",
        help="of a client registered by hand, where the identity provider takes no registrations",
    )
    parser.add_argument("--readonly", action="store_true", help="change and start nothing")


def run(args: argparse.Namespace) -> int:
    """Print the instructions, or write the files."""
    if args.project and not args.workspace:
        print("octoperf-mcp connect: --project needs its --workspace.", file=sys.stderr)
        return WRONG_USE
    url = args.url.rstrip("/") + surface_path(args)
    known = setups(url, args.client_id)
    if not args.write:
        chosen = known.values() if args.client == "all" else [_of(args.client, known)]
        print("\n\n".join(instructions(setup, url) for setup in chosen))
        return 0
    if args.client == "all":
        raise NotWrittenError("--write needs one client.")
    setup = _of(args.client, known)
    if setup.file is None and setup.guide is None:
        raise NotWrittenError(
            f"{setup.title} has no project files; follow the steps without --write."
        )
    return _write(setup, url)


def surface_path(args: argparse.Namespace) -> str:
    """What the options add to the address of the endpoint."""
    parts = [
        f"/w/{args.workspace}" if args.workspace else "",
        f"/p/{args.project}" if args.project else "",
        f"/x/{args.areas}" if args.areas else "",
        "/catalog" if args.catalog else "",
        "/readonly" if args.readonly else "",
    ]
    return "".join(parts)


def instructions(setup: ClientSetup, url: str) -> str:
    """What a person does, as text."""
    lines = [f"{setup.title}:"]
    if setup.hosted and not is_public(url):
        lines.append(
            f"  (It runs at its vendor and cannot reach {url}: a public https URL is needed.)"
        )
    lines += _packaged(setup, url)
    lines += [f"  {command}" for command in setup.commands]
    lines += [f"  - {step}" for step in setup.steps]
    if setup.file is not None:
        lines.append(f"  {'or ' if setup.commands else ''}in {setup.file}:")
        lines += [f"    {line}" for line in pretty_json(setup.content).decode().splitlines()]
    if setup.link:
        lines.append(f"  or open {setup.link}")
    lines += [f"  redirect address to register: {address}" for address in setup.redirects]
    lines += [
        f"  sign in: {setup.sign_in}",
        f"  check:   {setup.check}",
        f"  remove:  {setup.remove}",
    ]
    if setup.guide is not None:
        lines.append(f"  guide:   curl --create-dirs -o {setup.guide} {guide_url(url)}")
    if setup.guide_note:
        where = "" if setup.guide else f" ({guide_url(url)})"
        lines.append(f"           {setup.guide_note}{where}")
    return "\n".join([*lines, f"  see:     {setup.reference}"])


def _packaged(setup: ClientSetup, url: str) -> list[str]:
    """How what `bundle` writes is installed."""
    if not setup.package:
        return []
    folder = bundle_folder(setup.name)
    steps = [step.format(folder=folder) for step in setup.package]
    made = setup.bundle_command(url)
    lines = [f"    {line}" for line in (made, *steps)]
    return [
        f"  with guide and skills ({setup.package_remove} takes it away):",
        *lines,
        "  or the connection alone:",
    ]


def _of(name: str, known: Mapping[str, ClientSetup]) -> ClientSetup:
    return known[ALIASES.get(name, name)]


def _write(setup: ClientSetup, url: str) -> int:
    """Write both files, each on its own: one that cannot be written does not keep the other."""
    failed = False
    for write in (_write_configuration, _write_guide):
        try:
            write(setup, url)
        except NotWrittenError as error:
            print(f"octoperf-mcp connect: {error.message}", file=sys.stderr)
            failed = True
    print(f"Sign in: {setup.sign_in}")
    if setup.guide_note:
        print(setup.guide_note)
    return FAILED if failed else 0


def _write_configuration(setup: ClientSetup, _url: str) -> None:
    if setup.file is None or setup.content is None:
        if setup.commands:
            print("Run: " + "; ".join(setup.commands))
        return
    merged = _merged(setup.file, setup.content)
    if merged is None:
        print(f"{setup.file} has it already.")
        return
    if setup.file.exists():
        backup = setup.file.with_name(setup.file.name + ".before-octoperf")
        _put(backup, setup.file.read_bytes(), fresh=False)
        print(f"Kept the earlier {setup.file} as {backup.name}.")
    _put(setup.file, pretty_json(merged), fresh=False)
    print(f"Wrote {setup.file}.")


def _merged(file: Path, content: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the file is to hold; None when it does.

    Raises:
        NotWrittenError: it cannot be read as JSON, or knows another server by our name.
    """
    by_hand = f"add this by hand:\n{pretty_json(content).decode()}"
    try:
        present = orjson.loads(file.read_bytes()) if file.exists() else {}
    except (OSError, orjson.JSONDecodeError) as error:
        raise NotWrittenError(f"{file} is not plain JSON; {by_hand}") from error
    if not isinstance(present, dict):
        raise NotWrittenError(f"{file} is no JSON object; {by_hand}")
    merged = dict(present)
    for key, servers in content.items():
        known = present.get(key, {})
        if not isinstance(known, dict):
            raise NotWrittenError(f"{key} in {file} is no object; {by_hand}")
        other = [name for name in servers if name in known and known[name] != servers[name]]
        if other:
            raise NotWrittenError(
                f"{file} has another server {other[0]!r}: remove it, or {by_hand}"
            )
        merged[key] = {**known, **servers}
    return None if merged == present else merged


def _write_guide(setup: ClientSetup, url: str) -> None:
    if setup.guide is None:
        return
    guide = _fetched(guide_url(url))
    if setup.guide.exists() and setup.guide.read_bytes() != guide:
        raise NotWrittenError(
            f"{setup.guide} exists and was left as it is; the guide is at {guide_url(url)}"
        )
    if not setup.guide.exists():
        _put(setup.guide, guide, fresh=True)
        print(f"Wrote {setup.guide}.")


def _fetched(url: str) -> bytes:
    """The guide of the running server.

    Raises:
        NotWrittenError: nobody answers there.
    """
    if not url.startswith(("http://", "https://")):
        raise NotWrittenError(f"{url} is no http address.")
    try:
        with urllib.request.urlopen(url, timeout=_GUIDE_TIMEOUT_S) as answer:  # noqa: S310 - http only
            return bytes(answer.read(_MOST_GUIDE_BYTES))
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise NotWrittenError(
            f"The agent guide could not be fetched from {url} (is the server running?): {error}"
        ) from error


def _put(file: Path, content: bytes, *, fresh: bool) -> None:
    """Write a file whole or not at all; a `fresh` one only where there is none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if fresh:
        with file.open("xb") as target:
            target.write(content)
        return
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(file)
