"""A site with WebSockets, in a thread of its own."""

import asyncio
import ssl
import threading
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web


class Site:
    """`/echo`, `/told` (the handshake as JSON), `/push`, `/silent`, `/closing`, `/403`, `/200`."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self.deflated = False
        self.opened = 0
        self._tls = tls
        self._transports: list[asyncio.Transport] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self._ready.wait()

    def close(self) -> None:
        """Stop serving."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def server(self, **more: Any) -> dict[str, Any]:
        """The document of kind http_server."""
        scheme = "HTTPS" if self._tls else "HTTP"
        return {
            "id": "srv",
            "protocol": scheme,
            "hostname": "127.0.0.1",
            "port": self.port,
            **more,
        }

    def _serve(self) -> None:
        self._loop.run_until_complete(self._run())
        self._loop.close()

    async def _run(self) -> None:
        self._over = asyncio.Event()
        app = web.Application()
        app.router.add_get("/200", self._plain)
        app.router.add_get("/403", self._refused)
        app.router.add_get("/{what}", self._socket)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._over.wait()
        for transport in self._transports:
            transport.abort()
        await runner.cleanup()
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=5)
        await asyncio.sleep(0)

    async def _plain(self, _: web.Request) -> web.Response:
        return web.Response(text="no socket here")

    async def _refused(self, _: web.Request) -> web.Response:
        return web.Response(status=403, text="not you")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("chat",), compress=True)
        await socket.prepare(request)
        self.opened += 1
        assert request.transport is not None
        self._transports.append(request.transport)
        self.deflated = bool(socket.compress)
        what = request.match_info["what"]
        if what == "closing":
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"bye")
        elif what == "push":
            await socket.send_str("news")
            await socket.send_bytes(b"\x00\x01")
        elif what == "told":
            told = {**request.headers, "target": request.path_qs}
            await socket.send_json(told)
        async for message in socket:
            if what == "silent":
                continue
            if message.type == WSMsgType.TEXT:
                await socket.send_str(message.data.upper())
            elif message.type == WSMsgType.BINARY:
                await socket.send_bytes(message.data[::-1])
        return socket
