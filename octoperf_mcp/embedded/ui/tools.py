"""The page of administrators on which tools and plugins are turned off and on."""

from collections.abc import Mapping
from typing import Literal, cast

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid, NotFound
from octoperf_mcp.embedded.ui import forms
from octoperf_mcp.embedded.ui.account import show
from octoperf_mcp.embedded.ui.rendering import Page
from octoperf_mcp.entities.switches import Switchboard

HERE = "/ui/administration/tools"
_KINDS = ("tool", "plugin")
_STATES = ("on", "off")


async def tools(page: Page) -> web.StreamResponse:
    """All plugins and tools, each with its switch."""
    board = _board(page)
    return show(
        page,
        "tools.html",
        HERE,
        heading="Tools and plugins",
        plugins=board.plugins(),
        tools=board.tools(),
        base=HERE,
    )


async def turn(page: Page, _form: Mapping[str, str]) -> web.StreamResponse:
    """Turn what the address names."""
    kind, name, state = page.part("kind"), page.part("name"), page.part("state")
    if kind not in _KINDS or state not in _STATES:
        raise NotFound("There is no such switch.")
    board = _board(page)
    try:
        await board.turn(cast("Literal['tool', 'plugin']", kind), name, on=state == "on")
    except LookupError as error:
        raise Invalid(str(error)) from error
    await forms.note(page, f"{kind}.{'enable' if state == 'on' else 'disable'}", name)
    return forms.onward(HERE, f"turned-{state}")


def _board(page: Page) -> Switchboard:
    board = page.platform.switchboard
    if board is None:
        raise NotFound("No MCP server runs in this process.")
    return board
