"""A small web shop to load-test: it remembers visitors, wants a CSRF token, counts exactly.

Every form, and the stock service by its header `X-CSRF-Token`, needs the token of the session,
which is new in each session and again after signing in. A recording that is replayed as it is
therefore fails with 403 until the token is correlated.

`GET /__counts` tells how often each method, path and status was answered, `POST
/__counts/mark?name=load` starts a phase; neither is counted.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from octoperf_mcp.demo import shop_pages as pages
from octoperf_mcp.demo.shop_state import (
    CATALOGUE,
    USERS,
    Counted,
    Counts,
    Session,
    Sessions,
    matching,
)

COOKIE = "shop_session"
_COUNTS_PATH = "/__counts"
_STATIC_PATH = "/static/"
_MAX_PIECES = 9
_MAX_BODY_BYTES = 64 * 1024

_COUNTS = web.AppKey("counts", Counts)
_SESSIONS = web.AppKey("sessions", Sessions)
_SESSION = web.RequestKey("session", Session)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _count(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Outermost: what this returns or raises is what the client is answered."""
    if request.path.startswith(_COUNTS_PATH):
        return await handler(request)
    counts = request.app[_COUNTS]
    phase = counts.current
    status = 500
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        counts.add(phase, request.method, request.path, status)
    return response


@web.middleware
async def _with_session(request: web.Request, handler: _Handler) -> web.StreamResponse:
    if request.path.startswith((_COUNTS_PATH, "/static/")):
        return await handler(request)
    sessions = request.app[_SESSIONS]
    known = request.cookies.get(COOKIE, "")
    session = sessions.get(known) or sessions.open()
    request[_SESSION] = session
    response = await handler(request)
    current = request[_SESSION]
    if current.id != known:
        response.set_cookie(COOKIE, current.id, httponly=True, samesite="Lax", path="/")
    return response


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(
        text=text, status=status, content_type="text/html", headers={"Cache-Control": "no-store"}
    )


def _see(location: str) -> web.Response:
    """Send the browser on; returned, not raised, so that the cookie can still be set."""
    return web.Response(status=302, headers={"Location": location})


def _stale(session: Session) -> web.Response:
    text = "The form has expired: its token is missing or not that of your session."
    return _html(pages.message(session, "Forbidden", text), 403)


async def _checked_form(request: web.Request) -> dict[str, str] | None:
    """The fields of a form whose token fits the session, else None."""
    posted = await request.post()
    fields = {name: value for name, value in posted.items() if isinstance(value, str)}
    return fields if request[_SESSION].accepts(fields.get("csrf", "")) else None


async def _home(request: web.Request) -> web.Response:
    return _html(pages.home(request[_SESSION]))


async def _sign_in_page(request: web.Request) -> web.Response:
    return _html(pages.sign_in(request[_SESSION]))


async def _sign_in(request: web.Request) -> web.Response:
    session = request[_SESSION]
    fields = await _checked_form(request)
    if fields is None:
        return _stale(session)
    user = fields.get("user", "")
    if user not in USERS or fields.get("password", "") != USERS[user]:
        return _html(pages.sign_in(session, "Unknown user or wrong password."), 401)
    sessions = request.app[_SESSIONS]
    sessions.close(session.id)
    signed_in = sessions.open()
    signed_in.user, signed_in.cart = user, session.cart
    request[_SESSION] = signed_in
    return _see("/")


async def _sign_out(request: web.Request) -> web.Response:
    session = request[_SESSION]
    if await _checked_form(request) is None:
        return _stale(session)
    sessions = request.app[_SESSIONS]
    sessions.close(session.id)
    request[_SESSION] = sessions.open()
    return _see("/")


async def _search(request: web.Request) -> web.Response:
    query = request.query.get("q", "")
    return _html(pages.search(request[_SESSION], query, matching(query)))


async def _product(request: web.Request) -> web.Response:
    article = CATALOGUE.get(request.match_info["sku"])
    session = request[_SESSION]
    if article is None:
        return _html(pages.message(session, "Not found", "There is no such article."), 404)
    return _html(pages.product(session, article))


async def _add_to_cart(request: web.Request) -> web.Response:
    session = request[_SESSION]
    fields = await _checked_form(request)
    if fields is None:
        return _stale(session)
    sku, quantity = fields.get("sku", ""), fields.get("quantity", "")
    pieces = int(quantity) if quantity.isdecimal() else 0
    if sku not in CATALOGUE or not 1 <= pieces <= _MAX_PIECES:
        text = "Choose an article and one to nine pieces of it."
        return _html(pages.message(session, "Not possible", text), 422)
    session.cart[sku] = session.cart.get(sku, 0) + pieces
    return _see("/cart")


async def _cart(request: web.Request) -> web.Response:
    return _html(pages.cart(request[_SESSION]))


async def _stock(request: web.Request) -> web.Response:
    if not request[_SESSION].accepts(request.headers.get("X-CSRF-Token", "")):
        return web.json_response({"message": "X-CSRF-Token is missing or stale"}, status=403)
    article = CATALOGUE.get(request.query.get("sku", ""))
    if article is None:
        return web.json_response({"message": "unknown sku"}, status=404)
    return web.json_response({"sku": article.sku, "available": article.stock})


async def _order(request: web.Request) -> web.Response:
    session = request[_SESSION]
    if await _checked_form(request) is None:
        return _stale(session)
    if not session.user:
        return _see("/login")
    if not session.cart:
        return _html(pages.message(session, "Not possible", "Your cart is empty."), 409)
    session.order = f"L-{secrets.randbelow(900_000) + 100_000}"
    session.cart = {}
    return _see("/order/confirmation")


async def _confirmation(request: web.Request) -> web.Response:
    session = request[_SESSION]
    if not session.order:
        return _html(pages.message(session, "Not found", "You have not ordered yet."), 404)
    return _html(pages.confirmation(session))


def _static(text: str, content_type: str) -> _Handler:
    async def answer(_: web.Request) -> web.Response:
        headers = {"Cache-Control": "public, max-age=3600"}
        return web.Response(text=text, content_type=content_type, headers=headers)

    return answer


async def _read_counts(request: web.Request) -> web.Response:
    return web.json_response(request.app[_COUNTS].to_dict())


async def _mark(request: web.Request) -> web.Response:
    counts = request.app[_COUNTS]
    counts.mark(request.query.get("name", ""))
    return web.json_response({"phase": counts.current})


def make_shop() -> web.Application:
    """A shop with no visitors and nothing counted."""
    app = web.Application(middlewares=[_count, _with_session], client_max_size=_MAX_BODY_BYTES)
    app[_COUNTS] = Counts()
    app[_SESSIONS] = Sessions()
    app.add_routes(
        [
            web.get("/", _home),
            web.get("/login", _sign_in_page),
            web.post("/login", _sign_in),
            web.post("/logout", _sign_out),
            web.get("/search", _search),
            web.get("/product/{sku}", _product),
            web.post("/cart/add", _add_to_cart),
            web.get("/cart", _cart),
            web.get("/api/stock", _stock),
            web.post("/order", _order),
            web.get("/order/confirmation", _confirmation),
            web.get(f"{_STATIC_PATH}shop.css", _static(pages.STYLE, "text/css")),
            web.get(f"{_STATIC_PATH}lamp.svg", _static(pages.LOGO, "image/svg+xml")),
            web.get(f"{_STATIC_PATH}shop.js", _static(pages.SCRIPT, "text/javascript")),
            web.get(_COUNTS_PATH, _read_counts),
            web.post(f"{_COUNTS_PATH}/mark", _mark),
        ]
    )
    return app


@dataclass(slots=True)
class RunningShop:
    """A shop that answers at `url` (no trailing slash) until it is closed."""

    url: str
    _runner: web.AppRunner = field(repr=False)
    _counts: Counts = field(repr=False)

    def counts(self, phase: str | None = None) -> dict[Counted, int]:
        """Answered requests by (method, path, status) of one phase; None: of all phases."""
        return dict(self._counts.of(phase))

    def total(self, phase: str | None = None) -> int:
        """Answered requests of one phase; None: of all phases."""
        return self._counts.of(phase).total()

    def resources(self, phase: str) -> int:
        """Answered requests of one phase for what pages show."""
        counts = self._counts.of(phase).items()
        return sum(number for (_, path, _), number in counts if path.startswith(_STATIC_PATH))

    def mark(self, name: str) -> None:
        """Count what arrives from now on under `name`."""
        self._counts.mark(name)

    async def close(self) -> None:
        """Stop answering."""
        await self._runner.cleanup()


async def start_shop(host: str = "127.0.0.1", port: int = 0) -> RunningShop:
    """Start a shop on `host`; port 0 takes any free one.

    Raises:
        OSError: The address is in use or not of this machine.
    """
    app = make_shop()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
    except OSError:
        await runner.cleanup()
        raise
    named = f"[{host}]" if ":" in host else host
    url = f"http://{named}:{runner.addresses[0][1]}"
    return RunningShop(url=url, _runner=runner, _counts=app[_COUNTS])
