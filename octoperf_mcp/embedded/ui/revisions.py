"""Revisions on pages: who changed what, and when; all differences of one."""

import asyncio
import re
from collections.abc import Sequence

from aiohttp import web
from markupsafe import Markup, escape

from octoperf_mcp.embedded.rest.crud import usernames
from octoperf_mcp.embedded.store.revisions import Revision
from octoperf_mcp.embedded.ui.rendering import Cell, Page, Table, when
from octoperf_mcp.entities.changes import changes

_KIND = "virtual_user"
_NAME = re.compile(r"\*([^*]+)\*")


async def table(page: Page, kind: str, document_id: str, href: str) -> Table:
    """The revisions of a document, newest first; each leads to its page below `href`."""
    found = await page.platform.documents.revisions(kind, document_id, user_id=page.user.user_id)
    names = await usernames(page.platform, {one.made_by for one in found})
    rows = [
        (
            Cell(str(one.version), f"{href}/{one.version}"),
            Cell(when(one.made)),
            Cell(names.get(one.made_by, "")),
            Cell(_shown(one.summary or "the oldest that is kept")),
        )
        for one in found
    ]
    return Table("Revisions", ("Revision", "When", "Who", "What changed"), rows, "")


async def virtual_user_revision(page: Page) -> web.StreamResponse:
    """One revision of a virtual user: what it changed in the one before."""
    document_id, text = page.part("virtualUserId"), page.part("version")
    body = await page.get(_KIND, document_id)
    found = await page.platform.documents.revisions(_KIND, document_id, user_id=page.user.user_id)
    place = _place(found, text)
    if body["projectId"] != page.part("projectId") or place is None:
        raise web.HTTPNotFound
    one = found[place]
    names = await usernames(page.platform, {one.made_by})
    told = (when(one.made), names.get(one.made_by, ""), _shown(one.summary))
    first = place == len(found) - 1
    table = Table(
        "Differences",
        ("What changed", "Where"),
        await _differences(page, document_id, found[place : place + 2]),
        "No earlier revision is kept." if first else "Nothing that a run would notice.",
    )
    return await page.show_in_project(
        "listing.html",
        "design/virtual-user",
        heading=f"Revision {one.version} of {body['name']}",
        sub=Markup(" · ").join(part for part in told if part),
        tables=[table],
    )


def _place(found: Sequence[Revision], version: str) -> int | None:
    numbers = [str(one.version) for one in found]
    return numbers.index(version) if version in numbers else None


async def _differences(
    page: Page, document_id: str, pair: Sequence[Revision]
) -> list[tuple[Cell, ...]]:
    """Each difference and its pointer; none for the oldest revision."""
    if len(pair) == 1:
        return []
    after, before = [
        await page.platform.documents.at_version(
            _KIND, document_id, one.version, user_id=page.user.user_id
        )
        for one in pair
    ]
    found = await asyncio.to_thread(changes, before, after)
    return [(Cell(_shown(one.text)), Cell(one.pointer)) for one in found]


def _shown(text: str) -> Markup:
    """A change with the names in it set off as agents read them: `*Home*: disabled`."""
    return Markup(_NAME.sub(r"<em>\1</em>", str(escape(text))))  # noqa: S704 - escaped right here
