"""`octoperf-mcp connect`: how to connect a client, or the connection written down for it."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from octoperf_mcp.cli.client_setups import ClientSetup, setups
from octoperf_mcp.cli.main import FAILED
from octoperf_mcp.config import ServerSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    default = f"http://127.0.0.1:{ServerSettings().port}/mcp"
    parser.add_argument("client", choices=[*setups(""), "all"], help="the client to connect")
    parser.add_argument("--url", default=default, help=f"endpoint (default: {default})")
    parser.add_argument(
        "--write", action="store_true", help="write the client's project file in this folder"
    )


def run(args: argparse.Namespace) -> int:
    """Print the instructions, or write the file."""
    known = setups(args.url)
    if not args.write:
        chosen = known.values() if args.client == "all" else [known[args.client]]
        print("\n\n".join(instructions(setup) for setup in chosen))
        return 0
    setup = known.get(args.client)
    if setup is None or setup.file is None or setup.content is None:
        print("octoperf-mcp connect: --write is for cursor and vscode.", file=sys.stderr)
        return FAILED
    return _write(setup.file, setup.content)


def instructions(setup: ClientSetup) -> str:
    """What a person does, as text."""
    lines = [f"{setup.title}:"]
    lines += [f"  {command}" for command in setup.commands]
    if setup.file is not None:
        content = orjson.dumps(setup.content, option=orjson.OPT_INDENT_2).decode()
        lines.append(f"  {setup.file}:")
        lines += [f"    {line}" for line in content.splitlines()]
    if setup.afterwards:
        lines.append(f"  {setup.afterwards}")
    return "\n".join(lines)


def _write(file: Path, content: Mapping[str, Any]) -> int:
    try:
        present = orjson.loads(file.read_bytes()) if file.exists() else {}
    except orjson.JSONDecodeError:
        print(f"octoperf-mcp connect: {file} is not plain JSON; add this by hand:")
        print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
        return FAILED
    for key, servers in content.items():
        present[key] = {**present.get(key, {}), **servers}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(orjson.dumps(present, option=orjson.OPT_INDENT_2) + b"\n")
    print(f"Wrote {file}.")
    return 0
