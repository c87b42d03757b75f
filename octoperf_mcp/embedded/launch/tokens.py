"""Launch tokens: what a preview gives, good for one start of what was previewed."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Conflict, Invalid
from octoperf_mcp.embedded.launch.tables import launched
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms

LIFE_MS = 15 * 60_000
_REMEMBERED_MS = 30 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Ticket:
    """A token that was checked, and the fingerprint of what its preview showed."""

    token: str
    fingerprint: str


Mark = Callable[[str], str]
"""A text's mark, which only this platform can make."""


def make_token(mark: Mark, *, user_id: str, scenario_id: str, fingerprint: str) -> str:
    """A token for one start of a scenario as it is, with all that it plays."""
    said = [user_id, scenario_id, fingerprint, now_ms() + LIFE_MS, secrets.token_hex(8)]
    text = base64.urlsafe_b64encode(orjson.dumps(said)).decode().rstrip("=")
    return f"{text}.{mark(text)}"


def check_token(mark: Mark, token: str, *, user_id: str, scenario_id: str) -> Ticket:
    """Check that a token is for this start.

    Raises:
        Invalid: it is none of ours, or for another scenario or user.
        Conflict: it is old.
    """
    text, _, own = token.partition(".")
    if not secrets.compare_digest(own.encode(), mark(text).encode()):
        raise Invalid("This launchToken is none that a preview gave.")
    try:
        padded = text + "=" * (-len(text) % 4)
        meant_user, meant_scenario, fingerprint, until, _ = orjson.loads(
            base64.urlsafe_b64decode(padded)
        )
    except (ValueError, binascii.Error) as error:
        raise Invalid("This launchToken is none that a preview gave.") from error
    if (meant_user, meant_scenario) != (user_id, scenario_id):
        raise Invalid("This launchToken is for another scenario, or another user.")
    if until <= now_ms():
        raise Conflict("This launchToken is older than 15 minutes: preview the run again.")
    return Ticket(token, str(fingerprint))


class Launches:
    """What each token has started."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def report_of(self, token: str) -> str | None:
        """Id of the report of the run that a token has started."""
        query = sa.select(launched.c.report_id).where(launched.c.token == _digest(token))
        async with self._database.reading() as reader:
            found: str | None = await reader.scalar(query)
        return found

    async def spend(self, writer: AsyncConnection, token: str, report_id: str) -> None:
        """Note what a token starts, in the transaction that makes the run.

        Raises:
            SpentError: another start was faster.
        """
        query = sa.select(launched.c.report_id).where(launched.c.token == _digest(token))
        if (earlier := await writer.scalar(query)) is not None:
            raise SpentError(earlier)
        now = now_ms()
        await writer.execute(launched.delete().where(launched.c.created < now - _REMEMBERED_MS))
        await writer.execute(
            launched.insert().values(token=_digest(token), report_id=report_id, created=now)
        )


class SpentError(Exception):
    """A token that has started a run already, whose report this is."""

    def __init__(self, report_id: str) -> None:
        super().__init__(report_id)
        self.report_id = report_id


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
