"""A person's CI tokens: a list, and a form that makes one and shows it once."""

from collections.abc import Mapping

from aiohttp import web

from octoperf_mcp.embedded.failures import Failure, Invalid
from octoperf_mcp.embedded.idp.ci_tokens import MOST_DAYS, WantedToken
from octoperf_mcp.embedded.limits import AREAS, Limits
from octoperf_mcp.embedded.ui import forms
from octoperf_mcp.embedded.ui.account import CONNECTED, TOKENS, in_words, show
from octoperf_mcp.embedded.ui.rendering import Page, when

_NUMBERS = {
    "most_users": "Most virtual users of a run",
    "most_minutes": "Most minutes of a run",
    "runs_per_day": "Most runs within 24 hours",
}


async def tokens(page: Page) -> web.StreamResponse:
    """The list and the form."""
    return await _show(page, {})


async def create(page: Page, form: Mapping[str, str]) -> web.StreamResponse:
    """Make a token; it is shown on the answering page and nowhere else."""
    identity = page.platform.identity
    try:
        wanted = wanted_token(form)
        if wanted.limits.workspace_id:
            await page.platform.documents.get(
                "workspace", wanted.limits.workspace_id, user_id=page.user.user_id
            )
        token, grant = await identity.ci_tokens.create(page.user.user_id, wanted)
    except Failure as failure:
        return await _show(page, form, error=failure.message, status=failure.http_status)
    await forms.note(page, "ci-token.create", grant.id)
    return show(
        page,
        "ci_token_made.html",
        TOKENS,
        heading=f"The token {grant.client_name}",
        token=token,
        expires=when(grant.expires),
        back=TOKENS,
    )


def wanted_token(form: Mapping[str, str]) -> WantedToken:
    """What the form asks for.

    Raises:
        Invalid: a number is none.
    """
    chosen = tuple(area for area in AREAS if form.get(f"area_{area}") == "yes")
    return WantedToken(
        name=form.get("name", ""),
        days=_number(form, "days"),
        read_only=form.get("access") == "read",
        limits=Limits(
            areas=chosen,
            workspace_id=form.get("workspace", ""),
            most_users=_number(form, "most_users"),
            most_minutes=_number(form, "most_minutes"),
            runs_per_day=_number(form, "runs_per_day"),
        ),
    )


def _number(form: Mapping[str, str], name: str) -> int:
    text = form.get(name, "").strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004
        raise Invalid(f"{_NUMBERS.get(name, name.capitalize())} must be a whole number.")
    return int(text or 0)


async def _show(
    page: Page, form: Mapping[str, str], *, error: str = "", status: int = 200
) -> web.Response:
    identity, user_id = page.platform.identity, page.user.user_id
    rows = [
        {
            "name": grant.client_name,
            "may": "; ".join(
                [in_words(grant.scope), *(await identity.ci_tokens.limits(grant.id)).in_words()]
            ),
            "last_used": when(grant.last_used),
            "expires": when(grant.expires),
            "address": f"{CONNECTED}/{grant.id}",
        }
        for grant in await identity.ci_tokens.of_user(user_id)
    ]
    workspaces = await page.platform.documents.list("workspace", user_id=user_id)
    return show(
        page,
        "ci_tokens.html",
        TOKENS,
        status=status,
        heading="CI tokens",
        tokens=rows,
        form=form,
        error=error,
        token_areas=list(AREAS),
        numbers=_NUMBERS,
        most_days=MOST_DAYS,
        workspaces=[(each.id, each.body["name"]) for each in workspaces],
        action=TOKENS,
    )
