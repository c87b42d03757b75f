"""Light or dark: the choice of a person, kept by the browser."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from octoperf_mcp.embedded.idp.pages import local_path
from octoperf_mcp.embedded.ui.rendering import THEME_COOKIE, THEMES, Page

THEME: Final = "/ui/theme"
_YEAR_S: Final = 365 * 86400


async def choose(page: Page, form: Mapping[str, str]) -> web.StreamResponse:
    """Keep the choice, and go back to the page where it was made."""
    location = local_path(form.get("back", ""))
    answer = web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
    chosen = form.get("theme")
    if chosen in THEMES:
        secure = page.platform.origin.startswith("https:")
        answer.set_cookie(
            THEME_COOKIE,
            chosen,
            max_age=_YEAR_S,
            path="/ui",
            secure=secure,
            httponly=True,
            samesite="Lax",
        )
    else:
        answer.del_cookie(THEME_COOKIE, path="/ui")
    return answer
