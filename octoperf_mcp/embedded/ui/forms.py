"""Forms of signed-in people: who sends them, that they came from our pages, what they are told.

A form is sent to its own address, and what it did is told by the page that
the browser is sent on to.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps

from aiohttp import web

from octoperf_mcp.embedded.audit.trail import Entry
from octoperf_mcp.embedded.failures import Failure, Forbidden, NotFound
from octoperf_mcp.embedded.idp.answers import BadFormError, read_form
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest.bodies import is_multipart
from octoperf_mcp.embedded.rest.uploads import Upload, received
from octoperf_mcp.embedded.ui.rendering import Page, View

Submitted = Callable[[Page, Mapping[str, str]], Awaitable[web.StreamResponse]]
SubmittedFile = Callable[[Page, Upload], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

DONE = {
    "revoked": "Access was revoked. The application is shut out from its next call on.",
    "client-deleted": "The client and its connections were deleted.",
    "clients-deleted": "Unused clients and their connections were deleted.",
    "disabled": "The user is locked out; sessions and connections have ended.",
    "enabled": "The user may sign in again.",
    "promoted": "The user may administer the platform now.",
    "demoted": "The user no longer administers the platform.",
    "turned-on": "It is enabled, and connected clients were told.",
    "turned-off": "It is disabled, and connected clients were told.",
    "load-stopped": "All runs were asked to end.",
    "notices-again": "What was given up is sent again.",
    "run-stopped": "The run was asked to end.",
    "target-confirmed": "The host is confirmed.",
    "target-withdrawn": "The confirmation was withdrawn.",
    "join-token-revoked": "The token was revoked; machines that joined with it are shut out.",
    "machine-forgotten": "The machine is off the list; it comes back when it joins again.",
    "locations-changed": "The locations were changed.",
    "imported": "The file was imported.",
    "file-kept": "The file was uploaded.",
    "job-enable": "The job is enabled.",
    "job-disable": "The job is disabled.",
    "job-delete": "The job was deleted; its runs stay.",
}
"""What a page says after `?done=` the thing; nothing else in the address is ever shown."""


def submitted(action: Submitted) -> Handler:
    """A handler of a form that a signed-in person sends from a page of ours."""

    async def read(page: Page) -> web.StreamResponse:
        try:
            form = await read_form(page.request)
        except BadFormError:
            return _refusal(page, 400, "The form cannot be read.")
        _require_genuine(page, form.get("form", ""))
        return await action(page, form)

    return wraps(action)(_signed_in(read))


def submitted_file(action: SubmittedFile) -> Handler:
    """The same for a form with a file; parts other than `file` are its fields."""

    async def read(page: Page) -> web.StreamResponse:
        if not is_multipart(page.request):
            _require_genuine(page, "")
        async with received(page.request) as upload:
            _require_genuine(page, upload.text("form") or "")
            return await action(page, upload)

    return wraps(action)(_signed_in(read))


def _signed_in(read: Callable[[Page], Awaitable[web.StreamResponse]]) -> Handler:
    """A handler for people who are signed in; what is refused is a page."""

    async def handler(request: web.Request) -> web.StreamResponse:
        identity = request.app[PLATFORM].identity
        user = await identity.browser_user(request)
        if user is None:
            raise identity.sign_in_redirect(request)
        page = Page(request, request.app[PLATFORM], user)
        try:
            return await read(page)
        except (NotFound, web.HTTPNotFound):
            return _refusal(page, 404, "It is no longer there.")
        except Failure as failure:
            return _refusal(page, failure.http_status, failure.message)

    return handler


def _require_genuine(page: Page, text: str) -> None:
    if not page.platform.identity.is_genuine(page.request, text):
        raise Forbidden("This page was open for too long, or the form came from elsewhere.")


def administered(view: View) -> View:
    """A page for administrators; for others there is nothing at its address."""

    @wraps(view)
    async def shown(page: Page) -> web.StreamResponse:
        _require_administrator(page)
        return await view(page)

    return shown


def administering(action: Submitted) -> Submitted:
    """A form for administrators."""

    @wraps(action)
    async def done(page: Page, form: Mapping[str, str]) -> web.StreamResponse:
        _require_administrator(page)
        return await action(page, form)

    return done


def onward(path: str, done: str = "") -> web.Response:
    """To a page, which says what was `done`."""
    location = f"{path}?done={done}" if done else path
    return web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})


async def note(page: Page, action: str, *entities: str) -> None:
    """Append what the person did to the audit trail."""
    entry = Entry(
        user_id=page.user.user_id,
        username=page.user.username,
        client=page.user.client,
        action=action,
        entities=entities,
    )
    await page.platform.audit.record(entry)


def _require_administrator(page: Page) -> None:
    if not page.user.administers:
        raise web.HTTPNotFound


def _refusal(page: Page, status: int, text: str) -> web.Response:
    return page.show("message.html", status=status, heading="That did not work", sub=text)
