"""`octoperf-mcp audit`: who did what on the embedded platform."""

import argparse
import asyncio
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from octoperf_mcp.cli.local import add_local_arguments, local_settings, opened
from octoperf_mcp.config import Settings
from octoperf_mcp.errors import ConfigError

if TYPE_CHECKING:
    from octoperf_mcp.embedded.audit.trail import Entry

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--user", help="of this user only")
    parser.add_argument("--since", help="a date (2026-07-01, 2026-07-01T08:00) in UTC, or 30m, 24h")
    parser.add_argument("--limit", type=int, default=200, help="most entries (default: 200)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_local_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the entries, newest first."""
    since_ms = epoch_ms(args.since) if args.since else 0
    entries = asyncio.run(_find(local_settings(args), args.user, since_ms, args.limit))
    for entry in entries:
        print(orjson.dumps(entry.shown()).decode() if args.json else _line(entry))
    return 0


def epoch_ms(text: str) -> int:
    """A date in UTC, or how long ago (`24h`), in epoch milliseconds.

    Raises:
        ConfigError: it is neither.
    """
    ago = re.fullmatch(r"(\d+)([smhd])", text)
    if ago is not None:
        return int((time.time() - int(ago[1]) * _UNITS_S[ago[2]]) * 1000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is neither a date such as 2026-07-01 nor like 24h.") from error
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


async def _find(
    settings: Settings, username: str | None, since_ms: int, limit: int
) -> "list[Entry]":
    async with opened(settings) as local:
        user_id = None
        if username is not None:
            user = await local.identity.find_user(username)
            if user is None:
                raise ConfigError(f"There is no user {username!r}.")
            user_id = user["id"]
        return await local.audit.find(user_id=user_id, since_ms=since_ms, limit=max(limit, 1))


def _line(entry: "Entry") -> str:
    when = datetime.fromtimestamp(entry.at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    parts = [when, entry.username, entry.client or "-", entry.tool or "-", entry.action]
    parts += [",".join(entry.entities) or "-", entry.outcome, f"{entry.duration_ms:.0f} ms"]
    return "  ".join([*parts, entry.request_id]).rstrip()
