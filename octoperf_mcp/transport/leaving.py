"""A server that is about to stop asks its clients and proxies to let their connections go.

Proxies keep connections for later requests. One that the server closes just as a request comes in
loses that request, and nobody may repeat it: it may have been carried out. With `Connection: close`
under each answer no proxy uses a connection again that is to be closed (RFC 9112, 9.6).
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_leaving(app: web.Application, leaving: asyncio.Event) -> None:
    """Say it under streams, whose head is written while their handler still runs."""

    async def tell(_request: web.BaseRequest, response: web.StreamResponse) -> None:
        if leaving.is_set():
            response.force_close()
            response.headers[hdrs.CONNECTION] = "close"

    app.on_response_prepare.append(tell)


def leaving_middleware(leaving: asyncio.Event) -> Middleware:
    """Say it under all other answers."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            if leaving.is_set():
                error.headers[hdrs.CONNECTION] = "close"
            raise
        if leaving.is_set():
            response.force_close()
        return response

    return middleware
