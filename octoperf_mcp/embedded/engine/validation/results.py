"""What validations found: per action, per exchange, per body."""

import asyncio
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from octoperf_mcp.embedded.engine.runs.materials import nodes_of
from octoperf_mcp.embedded.engine.runs.tables import (
    validation_body,
    validation_run,
    validation_sample,
)
from octoperf_mcp.embedded.failures import Invalid, NotFound
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.database import Database

BODY_KINDS = {
    "RECORDED_REQUEST": ("recordedRequest", "request"),
    "RECORDED_RESPONSE": ("recordedResponse", "response"),
    "VALIDATION_REQUEST": ("", "request"),
    "VALIDATION_RESPONSE": ("", "response"),
}
"""To the property of the recording in the tree, or to the side of the captured exchange."""
_SHOWN_BYTES = 64 * 1024
"""Of a body within a detail; the body itself is read by its kind."""
_CATEGORIES = {
    "401": "AUTH",
    "403": "AUTH",
    "400": "DATA",
    "404": "MISSING_DEPENDENCY",
    "410": "MISSING_DEPENDENCY",
    "415": "BODY_MISMATCH",
    "422": "BODY_MISMATCH",
}
_TOKEN_WORDS = ("csrf", "token", "expired", "unauthor", "session")

Json = dict[str, Any]


class ValidationResults:
    """Reads the tables of the latest validation of a virtual user; access is checked before."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    async def latest_run(self, virtual_user_id: str) -> str | None:
        """Id of the latest validation."""
        query = (
            sa.select(validation_run.c.run_id)
            .where(validation_run.c.virtual_user_id == virtual_user_id)
            .order_by(validation_run.c.started.desc(), validation_run.c.run_id)
            .limit(1)
        )
        async with self._database.reading() as reader:
            found: str | None = await reader.scalar(query)
            return found

    async def index(self, run_id: str) -> list[Json]:
        """ValidationIndexEntry per action, in the order of their first exchange."""
        query = (
            sa.select(validation_sample.c.entry)
            .where(validation_sample.c.run_id == run_id)
            .order_by(validation_sample.c.seq)
        )
        found: dict[str, Json] = {}
        async with self._database.reading() as reader:
            for entry in await reader.scalars(query):
                _count(found.setdefault(entry["actionId"], _empty(entry)), entry)
        return list(found.values())

    async def detail(
        self, run_id: str, tree: Mapping[str, Any], action_id: str, timestamp: int | None
    ) -> Json:
        """The four sides of one exchange; without a time stamp of a failed one, if any.

        Raises:
            NotFound: the action was not played, or not at that time.
        """
        entry = await self._entry(run_id, action_id, timestamp)
        node = next((each for each in nodes_of(tree) if each.get("id") == action_id), {})
        sides = await asyncio.gather(
            self._recorded(node.get("recordedRequest")),
            self._recorded(node.get("recordedResponse")),
            self._captured(run_id, entry.get("request")),
            self._captured(run_id, entry.get("response")),
        )
        return {
            "benchResultId": run_id,
            "actionId": action_id,
            "timestamp": entry["timestamp"],
            "iteration": entry["iteration"],
            "success": entry["ok"],
            "code": entry["code"],
            "message": entry["message"],
            "errorCategory": None if entry["ok"] else category_of(entry),
            "assertions": entry["assertions"],
            "extracted": entry["extracted"],
            "recordedRequest": sides[0],
            "recordedResponse": sides[1],
            "validationRequest": sides[2],
            "validationResponse": sides[3],
        }

    async def body(
        self,
        run_id: str,
        tree: Mapping[str, Any],
        action_id: str,
        kind: str,
        timestamp: int | None,
    ) -> bytes:
        """One body as it was sent or received, content encodings undone.

        Raises:
            Invalid: the kind is unknown.
            NotFound: the action was not played, or not at that time.
        """
        if kind not in BODY_KINDS:
            raise Invalid(
                f"kind must be one of {', '.join(BODY_KINDS)}, not {kind!r}.",
                details={"allowed": list(BODY_KINDS)},
            )
        recorded, side = BODY_KINDS[kind]
        if recorded:
            node = next((each for each in nodes_of(tree) if each.get("id") == action_id), None)
            if node is None:
                raise NotFound(f"The virtual user has no action {action_id!r}.")
            return await self._recorded_body(node.get(recorded) or {})
        entry = await self._entry(run_id, action_id, timestamp)
        return await self._captured_body(run_id, entry.get(side) or {})

    async def _entry(self, run_id: str, action_id: str, timestamp: int | None) -> Json:
        table = validation_sample.c
        query = sa.select(table.entry).where(table.run_id == run_id, table.action_id == action_id)
        if timestamp is not None:
            query = query.where(table.timestamp == timestamp)
        # Failed ones first, then the latest.
        query = query.order_by(table.ok, table.seq.desc()).limit(1)
        async with self._database.reading() as reader:
            entry: Json | None = await reader.scalar(query)
        if entry is None:
            at = "" if timestamp is None else f" at {timestamp}"
            raise NotFound(f"The validation did not play action {action_id!r}{at}.")
        return entry

    async def _recorded(self, entity: Json | None) -> Json | None:
        return None if not entity else _shown(entity, await self._recorded_body(entity))

    async def _captured(self, run_id: str, entity: Json | None) -> Json | None:
        if not entity:
            return None
        return _shown(entity, await self._captured_body(run_id, entity))

    async def _recorded_body(self, entity: Json) -> bytes:
        if entity.get("bodyRef"):
            return await self._blobs.get(str(entity["bodyRef"])) or b""
        return str(entity.get("body") or "").encode()

    async def _captured_body(self, run_id: str, entity: Json) -> bytes:
        key = entity.get("bodyRef")
        if not key:
            return b""
        query = sa.select(validation_body.c.data).where(
            validation_body.c.run_id == run_id, validation_body.c.key == key
        )
        async with self._database.reading() as reader:
            return await reader.scalar(query) or b""


def _shown(entity: Json, body: bytes) -> Json:
    """An entity with the beginning of its body as text."""
    kept = {key: value for key, value in entity.items() if key not in {"bodyRef", "bodySize"}}
    truncated = bool(entity.get("bodyTruncated")) or len(body) > _SHOWN_BYTES
    text = body[:_SHOWN_BYTES].decode("utf-8", "ignore" if truncated else "replace")
    return {**kept, "body": text, "bodyTruncated": truncated, "bodySize": len(body)}


def _empty(entry: Json) -> Json:
    return {
        "actionId": entry["actionId"],
        "name": entry["name"],
        "success": 0,
        "total": 0,
        "successTimestamps": [],
        "failedTimestamps": [],
        "errorCategory": None,
    }


def _count(row: Json, entry: Json) -> None:
    row["total"] += 1
    row["success"] += entry["ok"]
    row["successTimestamps" if entry["ok"] else "failedTimestamps"].append(entry["timestamp"])
    row |= {"lastCode": entry["code"], "method": entry["method"], "url": entry["url"]}
    if not entry["ok"]:
        row |= {"errorCategory": category_of(entry), "lastMessage": entry["message"]}


def category_of(entry: Mapping[str, Any]) -> str:
    """Triage category of a failed exchange."""
    code, message = str(entry["code"]), str(entry["message"])
    if code == "-1":
        return "NOT_RUN" if message.endswith("not run by this engine") else "SERVER_CONFIG"
    if code.startswith("5"):
        return "SERVER_ERROR"
    failed = [check for check in entry["assertions"] if check["failure"] or check["error"]]
    if code < "400":
        return "ASSERTION" if failed else "RECORDING_MISMATCH"
    known = _CATEGORIES.get(code)
    if known == "DATA" and any(word in message.lower() for word in _TOKEN_WORDS):
        return "AUTH"
    return known or "CLIENT_ERROR"
