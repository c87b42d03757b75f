"""A bridge in this process, before whatever upstream a test has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from octoperf_mcp.app import make_app
from octoperf_mcp.config import load_settings
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.transport.runner import make_runner
from octoperf_mcp.wiring.upstream import Addresses

VERSION = "2026-07-28"
META = "io.modelcontextprotocol/"
REGISTRY = load_registry()


@dataclass
class Bridge:
    origin: str
    session: aiohttp.ClientSession
    app: web.Application

    async def call(
        self,
        tool: str,
        arguments: dict[str, Any] | None = None,
        *,
        meta: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """The result of a tool, which may be its error."""
        answer = await self.asked(
            "tools/call",
            {"name": tool, "arguments": arguments or {}},
            meta=meta,
            headers={"Mcp-Name": tool, **(headers or {})},
        )
        found: dict[str, Any] = answer["result"]
        return found

    async def asked(
        self,
        method: str,
        params: dict[str, Any],
        *,
        meta: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """The answer to one request of the newest protocol."""
        own = {
            f"{META}protocolVersion": VERSION,
            f"{META}clientCapabilities": {},
            f"{META}clientInfo": {"name": "tests", "version": "1"},
        }
        message = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": method,
            "params": {**params, "_meta": {**own, **(meta or {})}},
        }
        fields = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": VERSION,
            "Mcp-Method": method,
            **(headers or {}),
        }
        async with self.session.post(f"{self.origin}/mcp", json=message, headers=fields) as got:
            found: dict[str, Any] = await got.json()
            return found


@asynccontextmanager
async def bridge(
    address: str, registry: Registry = REGISTRY, **settings: dict[str, Any]
) -> AsyncIterator[Bridge]:
    """A bridge without authentication; settings by section."""
    flags = {"auth": {"mode": "off"}, **settings}
    flags["upstream"] = {"url": address, "proxy": "off", **flags.get("upstream", {})}
    loaded = load_settings(flags=flags, environ={})
    addresses = Addresses(
        origin="http://127.0.0.1", port=0, upstream=address, ui=address, issuer=address
    )
    app, _endpoint = make_app(loaded, registry, addresses)
    runner = make_runner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession() as session:
            yield Bridge(origin, session, app)
    finally:
        await runner.cleanup()
