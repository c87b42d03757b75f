"""Who was told of runs that ended: the page of administrators, and what the page of a run says."""

from collections.abc import Mapping

from aiohttp import web

from octoperf_mcp.embedded.engine.runs.notices import promises
from octoperf_mcp.embedded.engine.runs.outbox import FAILED, SENT, Notice
from octoperf_mcp.embedded.ui import forms
from octoperf_mcp.embedded.ui.account import show
from octoperf_mcp.embedded.ui.rendering import Page, when

HERE = "/ui/administration/notices"
_SHOWN = 200


async def notices(page: Page) -> web.StreamResponse:
    """Who is told, and what is pending or was given up."""
    found = await page.platform.notices.outbox.open(_SHOWN)
    return show(
        page,
        "notices.html",
        HERE,
        heading="Notices of ended runs",
        notices=found,
        promises=promises(page.platform.extensions.listeners),
        given_up=any(one.state == FAILED for one in found),
        base=HERE,
    )


async def again(page: Page, _form: Mapping[str, str]) -> web.StreamResponse:
    """Try all over again what was given up."""
    await page.platform.notices.outbox.again()
    page.platform.notices.look()
    await forms.note(page, "notices.again")
    return forms.onward(HERE, "notices-again")


async def told(page: Page, run_id: str) -> list[str]:
    """A sentence for each that is told of a run, without its end."""
    found = await page.platform.notices.outbox.of_runs([run_id])
    return [_said(one) for one in found]


def _said(notice: Notice) -> str:
    who = f"{notice.plugin} ({notice.notifier})"
    if notice.state == SENT:
        return f"{who} was told at {when(notice.ended)}"
    why = notice.reason.removesuffix(".")
    if notice.state == FAILED:
        return f"{who} could not be told: {why}"
    return f"{who} is told again at {when(notice.next_at)}: {why}" if why else f"{who} is told now"
