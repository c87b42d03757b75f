"""`octoperf-mcp load-generator`: lends this machine to a location of a provider."""

import argparse
import asyncio
import fcntl
import os
import platform
import re
import secrets
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from octoperf_mcp.errors import ConfigError

if TYPE_CHECKING:
    from octoperf_mcp.embedded.generators.agent import Joining

TOKEN_VARIABLE = "OCTOPERF_MCP_JOIN_TOKEN"  # noqa: S105 - the name of a variable
_DRAIN_S = 30.0
_NAME = re.compile(r"[\w.:@ -]{1,60}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--join", metavar="URL", required=True, help="origin of the platform")
    parser.add_argument(
        "--token",
        metavar="T",
        help=f"join token, from the provider's page or `octoperf-mcp join-tokens create`; better "
        f"put into {TOKEN_VARIABLE}, or into the file that {TOKEN_VARIABLE}_FILE names",
    )
    parser.add_argument(
        "--location",
        action="append",
        default=[],
        metavar="NAME",
        help="location of the provider; several are fine (default: its only one)",
    )
    parser.add_argument("--name", default=platform.node(), help="what people read (default: host)")
    parser.add_argument(
        "--data-dir", type=Path, help=f"where results wait (default: {default_folder()})"
    )
    parser.add_argument(
        "--drain",
        type=float,
        default=_DRAIN_S,
        metavar="SECONDS",
        help="how long runs may go on after SIGTERM (default: 30)",
    )
    parser.add_argument(
        "--allow-http",
        action="store_true",
        help="send the token and secret variables unencrypted to another machine",
    )


def default_folder() -> Path:
    """`$XDG_STATE_HOME/octoperf-mcp/load-generator`."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "octoperf-mcp" / "load-generator"


def run(args: argparse.Namespace) -> int:
    """Stay connected until SIGTERM."""
    joining = _joining(args)
    return asyncio.run(_lend(joining, args.drain))


def _joining(args: argparse.Namespace) -> "Joining":
    """What the flags say.

    Raises:
        ConfigError: they are impossible, or the extra is missing.
    """
    try:
        import locust  # noqa: F401 - what it brings is needed by the processes of runs

        from octoperf_mcp.embedded.generators.agent import Joining, is_safe
    except ImportError as error:
        raise ConfigError(
            f"This needs the extra `generator` ({error.name} is missing): "
            "pip install 'octoperf-mcp[generator]'."
        ) from error
    if not re.match(r"https?://[^/]", args.join):
        raise ConfigError(f"--join must be an origin such as https://host, not {args.join!r}.")
    if not is_safe(args.join) and not args.allow_http:
        raise ConfigError(
            "--join would send the token and secret variables unencrypted: use https, or say "
            "--allow-http."
        )
    if not _NAME.fullmatch(args.name):
        raise ConfigError("--name must be 1 to 60 letters, digits, spaces or .:@_-.")
    folder = args.data_dir or default_folder()
    return Joining(
        url=args.join,
        token=_token(args.token),
        locations=tuple(args.location),
        name=args.name,
        data_dir=folder,
        machine_id=_machine_id(folder),
    )


def _token(given: str | None) -> str:
    file = os.environ.get(f"{TOKEN_VARIABLE}_FILE")
    token = given or os.environ.get(TOKEN_VARIABLE)
    if not token and file:
        try:
            token = Path(file).read_text("utf-8").strip()
        except OSError as error:
            raise ConfigError(f"{TOKEN_VARIABLE}_FILE: {error}") from error
    if not token:
        raise ConfigError(f"A join token is needed: --token, or {TOKEN_VARIABLE}.")
    return token


def _machine_id(folder: Path) -> str:
    """The same at every start in this folder, which one process uses at a time.

    Raises:
        ConfigError: another one does already, or the folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until this process ends
        path = folder / "machine-id"
        if not path.exists():
            path.write_text(secrets.token_hex(16), "utf-8")
        return path.read_text("utf-8").strip()
    except BlockingIOError as error:
        raise ConfigError(
            f"Another load generator uses {folder}: give this one its own --data-dir."
        ) from error
    except OSError as error:
        raise ConfigError(f"--data-dir: {error}") from error


async def _lend(joining: "Joining", drain_s: float) -> int:
    from octoperf_mcp.embedded.generators.agent import Agent

    agent = Agent(joining, lambda text: print(f"load-generator {text}", flush=True))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.leave)
    left = await agent.run(drain_s)
    if left:
        print(
            f"load-generator: results of {left} generators wait in {joining.data_dir}; they are "
            "sent when it joins again",
            file=sys.stderr,
        )
    return 1 if left else 0
