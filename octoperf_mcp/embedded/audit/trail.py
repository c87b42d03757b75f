"""Writes and reads the audit trail.

What changed something is on disk before it is answered; what only read follows within a second,
many rows in one transaction.
"""

import asyncio
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.audit.tables import audit_entry
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms

log = structlog.get_logger()

MOST_ENTRIES = 1_000_000
"""Entries kept, whatever their age; some hundred bytes each."""
_FLUSH_S = 1.0
_MOST_PENDING = 20_000
_DAY_MS = 24 * 3600 * 1000
_TIDY_EVERY_MS = 3600 * 1000
_FIRST_REFUSAL = 400


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did, or was refused.

    `at` is epoch milliseconds, `token_id` the grant, `client` a name and a version, `tool` the MCP
    tool or method if one was at work, `action` the REST call (`PUT /design/projects/{id}`) or what
    a page or command did (`user.disable`); `entities` are ids; `digest` stands for the arguments,
    which are `arguments` as far as they tell no secret.
    """

    user_id: str
    username: str
    action: str
    token_id: str = ""
    client: str = ""
    tool: str = ""
    entities: tuple[str, ...] = ()
    digest: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    duration_ms: float = 0.0
    request_id: str = ""
    at: int = field(default_factory=now_ms)

    @property
    def outcome(self) -> str:
        """`done`, `refused` (the caller's doing) or `failed` (ours)."""
        if self.status < _FIRST_REFUSAL:
            return "done"
        return "refused" if self.status // 100 == _FIRST_REFUSAL // 100 else "failed"

    def shown(self) -> dict[str, Any]:
        """As programs read it."""
        return {
            "at": self.at,
            "userId": self.user_id,
            "username": self.username,
            "tokenId": self.token_id,
            "client": self.client,
            "tool": self.tool,
            "action": self.action,
            "entityIds": list(self.entities),
            "argumentsDigest": self.digest,
            "arguments": self.arguments,
            "outcome": self.outcome,
            "status": self.status,
            "durationMs": self.duration_ms,
            "requestId": self.request_id,
        }


class Trail:
    """Appends entries and finds them again.

    Args:
        database: Where they are kept.
        keep_days: Age at which they go.
        most: Entries kept, whatever their age.
    """

    def __init__(self, database: Database, *, keep_days: int, most: int = MOST_ENTRIES) -> None:
        self._database = database
        self._keep_ms = keep_days * _DAY_MS
        self._most = most
        self._pending: list[Entry] = []
        self._writing = asyncio.Lock()
        self._later: asyncio.Task[None] | None = None
        self._tidied = 0

    def add(self, entry: Entry) -> None:
        """Append an entry within the next second."""
        if len(self._pending) >= _MOST_PENDING:
            log.error("audit_entries_lost", count=len(self._pending))
            self._pending.clear()
        self._pending.append(entry)
        if self._later is None or self._later.done():
            self._later = asyncio.create_task(self._flush_soon())

    async def record(self, entry: Entry) -> None:
        """Append an entry; it is kept when this returns. Others that wait are written with it."""
        self.add(entry)
        await self.flush()

    async def flush(self) -> None:
        """Write what waits. What cannot be written now stays for the next time, and is logged."""
        async with self._writing:
            entries, self._pending = self._pending, []
            if not entries:
                return
            try:
                await self._database.write(_insertion(entries))
            except Exception:  # an audit that fails must not undo what was done
                self._pending[:0] = entries
                log.exception("audit_not_written", count=len(entries))

    async def close(self) -> None:
        """Write what waits, for the last time."""
        if self._later is not None:
            self._later.cancel()
            await asyncio.gather(self._later, return_exceptions=True)
        await self.flush()

    async def find(
        self, *, user_id: str | None = None, since_ms: int = 0, limit: int = 200
    ) -> list[Entry]:
        """The latest entries, newest first, of one user or of all."""
        await self.flush()
        query = sa.select(audit_entry).where(audit_entry.c.at >= since_ms)
        if user_id is not None:
            query = query.where(audit_entry.c.user_id == user_id)
        query = query.order_by(audit_entry.c.at.desc(), audit_entry.c.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            return [_entry(row) for row in (await connection.execute(query)).mappings()]

    async def tidy(self) -> int:
        """Forget what is too old or too much; answers how many entries went."""
        newest = sa.select(audit_entry.c.id).order_by(audit_entry.c.id.desc())
        beyond = newest.offset(self._most).limit(1).scalar_subquery()
        over = sa.or_(audit_entry.c.at < now_ms() - self._keep_ms, audit_entry.c.id <= beyond)

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(audit_entry.delete().where(over))).rowcount

        return await self._database.write(work)

    async def _flush_soon(self) -> None:
        await asyncio.sleep(_FLUSH_S)
        await asyncio.shield(self.flush())
        if now_ms() - self._tidied >= _TIDY_EVERY_MS:
            self._tidied = now_ms()
            await self.tidy()


def _insertion(entries: list[Entry]) -> Any:
    rows = [{**asdict(entry), "entities": list(entry.entities)} for entry in entries]

    async def work(connection: AsyncConnection) -> None:
        await connection.execute(audit_entry.insert(), rows)

    return work


def _entry(row: "sa.RowMapping") -> Entry:
    values = {name: row[name] for name in Entry.__slots__}
    return Entry(**{**values, "entities": tuple(row["entities"])})
