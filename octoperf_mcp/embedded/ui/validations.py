"""Page of the latest validation: recorded against live, and what failed in full."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.engine.runs.materials import nodes_of
from octoperf_mcp.embedded.failures import NotFound
from octoperf_mcp.embedded.ui.load import run_files
from octoperf_mcp.embedded.ui.rendering import Page, when
from octoperf_mcp.entities.engines import BROWSERS
from octoperf_mcp.entities.runs import is_over

_MOST_EXCHANGES = 10
"""Failed actions that are shown in full, the first ones."""
_SHOWN_CHARACTERS = 4000
_HIDDEN = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
"""Headers whose values a page does not show."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What went out and what came in, as texts."""

    when: str
    request: str
    response: str


@dataclass(frozen=True, slots=True)
class Row:
    """One action of the matrix; `failed` is its exchange, where it is shown."""

    name: str
    recorded: str
    live: str
    success: int
    total: int
    message: str
    failed: Exchange | None

    @property
    def ok(self) -> bool:
        """Whether it passed every time."""
        return self.success == self.total


async def validation(page: Page) -> web.StreamResponse:
    """The latest validation of a virtual user."""
    body = await page.get("virtual_user", page.part("virtualUserId"))
    if body["projectId"] != page.part("projectId"):
        raise web.HTTPNotFound
    validations = page.platform.runs.validations
    rows: list[Row] = []
    scripts: list[tuple[str, str]] = []
    try:
        result = (await validations.latest(body["id"], page.user.user_id)).body
    except NotFound:
        result = None
    else:
        actions = {str(node.get("id")): node for node in nodes_of(body)}
        entries = await validations.index(body["id"], page.user.user_id)
        left = _MOST_EXCHANGES
        for entry in entries:
            failed = entry["success"] < entry["total"] and left > 0
            failed = failed and body.get("type") not in BROWSERS
            left -= failed
            exchange = await _exchange(page, body["id"], entry) if failed else None
            rows.append(_row(entry, actions.get(entry["actionId"], {}), exchange))
        if body.get("type") in BROWSERS:
            scripts = await _scripts(page, body["id"], rows, entries)
    running = result is not None and not is_over(result["state"])
    return await page.show_in_project(
        "validation.html",
        "design/virtual-user",
        virtual_user=body,
        result=result,
        started=when(result["created"]) if result else "",
        entries=rows,
        browser_rows=scripts,
        files=await run_files(page, result["id"]) if result else [],
        running=running,
        scripts=("live.js",) if running else (),
    )


async def _scripts(
    page: Page, virtual_user_id: str, rows: list[Row], entries: Sequence[Json]
) -> list[tuple[str, str]]:
    """Name of each browser script, and what its last iteration did, a line a row.

    Steps of a list share the text of their iteration: it is shown once.
    """
    found: dict[str, str] = {}
    for row, entry in zip(rows, entries, strict=True):
        data = await page.platform.runs.validations.body(
            virtual_user_id,
            entry["actionId"],
            page.user.user_id,
            kind="VALIDATION_RESPONSE",
            timestamp=None,
        )
        found.setdefault(data.decode("utf-8", "replace"), row.name)
    return [(name, text) for text, name in found.items() if text]


def _row(entry: Json, action: Json, failed: Exchange | None) -> Row:
    return Row(
        name=str(action.get("name") or entry.get("name") or entry["actionId"]),
        recorded=str((action.get("recordedResponse") or {}).get("status", "")),
        live=str(entry.get("lastCode") or ""),
        success=entry["success"],
        total=entry["total"],
        message=str(entry.get("lastMessage") or ""),
        failed=failed,
    )


async def _exchange(page: Page, virtual_user_id: str, entry: Json) -> Exchange:
    """The latest failed exchange of an action."""
    found = await page.platform.runs.validations.detail(
        virtual_user_id, entry["actionId"], page.user.user_id, None
    )
    request, response = found["validationRequest"] or {}, found["validationResponse"] or {}
    first = f"{request.get('method', '')} {request.get('url', '')}".strip()
    answered = int(response.get("status") or 0) > 0
    status = f"{response['status']} {response.get('statusText') or ''}" if answered else ""
    return Exchange(
        when(found["timestamp"]),
        _told(first, request),
        _told(status.strip(), response) if status else str(found["message"]),
    )


def _told(first: str, side: Json) -> str:
    headers = [
        f"{row['name']}: {'<hidden>' if row['name'].lower() in _HIDDEN else row['value']}"
        for row in side.get("headers") or ()
    ]
    body = str(side.get("body") or "")
    cut = len(body) > _SHOWN_CHARACTERS or side.get("bodyTruncated")
    lines = [first, *headers]
    if body:
        more = f"\n(cut; {side.get('bodySize', 0):,} bytes in all)" if cut else ""
        lines += ["", body[:_SHOWN_CHARACTERS] + more]
    return "\n".join(lines)
