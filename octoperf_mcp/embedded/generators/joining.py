"""The address where machines join: a WebSocket that a join token opens.

It is no part of the REST API: no user is signed in here, and nothing but load is done through it.
"""

import asyncio
import re
from typing import Any

import structlog
from aiohttp import hdrs, web

from octoperf_mcp import __version__
from octoperf_mcp.embedded.audit.trail import Entry
from octoperf_mcp.embedded.engine.load.fleet import LOST, Machine
from octoperf_mcp.embedded.generators.frames import MOST_BYTES, PATH, PROTOCOL
from octoperf_mcp.embedded.generators.hub import Hub
from octoperf_mcp.embedded.generators.join_tokens import JoinToken
from octoperf_mcp.embedded.generators.link import Link, Part
from octoperf_mcp.embedded.generators.wire import Wire
from octoperf_mcp.embedded.platform import PLATFORM, Platform
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.embedded.store.schema import now_ms

log = structlog.get_logger()

MOST_CLOCK_OFF_MS = 1000
"""A machine whose clock is further off would start its users, and date its samples, wrongly."""
_HELLO_S = 10.0
_PING_S = 5.0
_SEEN_EVERY_MS = 4000
_MACHINE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_TEXTS = ("name", "host")
_LONGEST = 100
_NUMBERS = ("cpus", "memoryMb")
_HEALTH = ("cpuPct", "memoryPct", "lagMs")


class RefusedError(Exception):
    """A machine cannot join; the code is stable, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def routes() -> list[web.RouteDef]:
    """The one route."""
    return [web.get(PATH, join)]


async def join(request: web.Request) -> web.StreamResponse:
    """Take a machine in for as long as it stays connected."""
    platform = request.app[PLATFORM]
    scheme, _, shown = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    token = await platform.generators.tokens.presented(shown.strip())
    provider = await _provider(platform, token) if scheme.lower() == "bearer" else None
    if token is None or provider is None:
        log.warning("load_generator_refused", remote=request.remote)
        return web.json_response(
            {"status": 401, "code": "unknown_token", "message": "This join token is not valid."},
            status=401,
            headers={hdrs.WWW_AUTHENTICATE: "Bearer"},
        )
    if not web.WebSocketResponse().can_prepare(request):
        return web.json_response(
            {"status": 426, "message": "Load generators join here over a WebSocket."},
            status=426,
            headers={hdrs.UPGRADE: "websocket"},
        )
    socket = web.WebSocketResponse(
        heartbeat=_PING_S, max_msg_size=2 * MOST_BYTES, compress=False, timeout=1.0
    )
    await socket.prepare(request)
    wire = Wire(socket)
    try:
        await _Session(platform, token, provider, request.remote or "").take_in(wire)
    except RefusedError as refused:
        await _note_refusal(platform, token, refused)
        await wire.send("refused", code=refused.code, message=refused.message)
    finally:
        await wire.close()
    return socket


async def _provider(platform: Platform, token: JoinToken | None) -> Document | None:
    if token is None:
        return None
    return await platform.documents.peek("docker_provider", token.provider_id)


async def _note_refusal(platform: Platform, token: JoinToken, refused: RefusedError) -> None:
    entry = Entry(
        user_id="",
        username=refused.code,
        client="load generator",
        token_id=token.id,
        action="load-generator.join",
        entities=(token.provider_id,),
        status=403,
    )
    await platform.audit.record(entry)


class _Session:
    """One connection of one machine."""

    def __init__(
        self, platform: Platform, token: JoinToken, provider: Document, remote: str
    ) -> None:
        self._hub: Hub = platform.generators
        self._token = token
        self._provider = provider
        self._remote = remote
        self._noted = now_ms()

    async def take_in(self, wire: Wire) -> None:
        """From the machine's greeting to its last message.

        Raises:
            RefusedError: it cannot join.
        """
        messages = wire.messages()
        try:
            async with asyncio.timeout(_HELLO_S):
                kind, hello, _ = await anext(messages)
        except (TimeoutError, StopAsyncIteration):
            return
        link = self._greeted(wire, kind, hello)
        await self._hub.enter(link)
        try:
            wire.post(
                "welcome",
                provider=self._provider.body.get("name") or self._provider.id,
                locations=link.locations,
                clockMs=now_ms(),
            )
            await self._resume(link, hello.get("held") or [])
            async for kind, facts, payload in messages:
                await self._take(link, kind, facts, payload)
        except (KeyError, TypeError, ValueError) as error:
            raise RefusedError("unreadable", f"A message cannot be read: {error}") from error
        finally:
            await self._hub.leave(link)
            await link.streams.close()

    def _greeted(self, wire: Wire, kind: str, hello: dict[str, Any]) -> Link:
        if kind != "hello" or not _MACHINE_ID.fullmatch(str(hello.get("id"))):
            raise RefusedError("unreadable", "The load generator did not introduce itself.")
        if hello.get("version") != __version__ or hello.get("protocol") != PROTOCOL:
            raise RefusedError(
                "other_version",
                f"This load generator has version {str(hello.get('version'))[:_LONGEST]}, the "
                f"platform {__version__}: pip install 'octoperf-mcp[generator]=={__version__}'.",
            )
        clock_off = int(hello.get("clockMs") or 0) - now_ms()
        if abs(clock_off) > MOST_CLOCK_OFF_MS:
            raise RefusedError(
                "wrong_clock",
                f"The clock of this machine is {abs(clock_off) / 1000:.1f} s "
                f"{'ahead of' if clock_off > 0 else 'behind'} the platform's: synchronise both "
                "(NTP) and join again.",
            )
        facts: dict[str, Any] = {key: str(hello.get(key) or "")[:_LONGEST] for key in _TEXTS}
        facts |= {key: max(1, int(hello.get(key) or 0)) for key in _NUMBERS}
        facts |= {"version": __version__, "clockOffMs": clock_off, "address": self._remote}
        machine = Machine(
            str(hello["id"]), facts["name"] or facts["host"], facts["host"], facts["cpus"],
            facts["memoryMb"], _plugins(hello.get("plugins")),
        )  # fmt: skip
        return Link(
            wire,
            machine,
            self._provider.id,
            self._token.id,
            self._locations(hello.get("locations") or []),
            facts,
            self._hub.instance,
        )

    def _locations(self, wanted: list[str]) -> list[str]:
        known = sorted(self._provider.body.get("regions") or {})
        if not wanted and len(known) == 1:
            return known
        unknown = [str(name)[:_LONGEST] for name in wanted if name not in known]
        if unknown or not wanted:
            what = f"has no location {unknown[0]!r}" if unknown else "has several locations"
            raise RefusedError(
                "which_location",
                f"Provider {self._provider.body.get('name')!r} {what}: name one or more of "
                f"{', '.join(known) or 'none'} with --location.",
            )
        return sorted(set(wanted))

    async def _resume(self, link: Link, held: list[dict[str, Any]]) -> None:
        """Say of each part that the machine still holds what is here of it, or that it may go.

        Parts that another replica waits for stay where they are.
        """
        expected = await self._hub.known.parts_of(link.machine.id, link.provider_id)
        for each in held:
            part = str(each["run"]), str(each["generator"])
            if expected.get(part, self._hub.instance) != self._hub.instance:
                continue
            if part not in expected or not self._hub.arrivals(part).are_wanted:
                await self._hub.known.delivered(*part)
                link.wire.post("forget", run=part[0], generator=part[1])
                continue
            process = self._hub.process(part)
            link.parts[part] = process
            alive = process is not None and not process.is_over
            sizes = self._hub.arrivals(part).sizes()
            link.wire.post("resume", run=part[0], generator=part[1], sizes=sizes, over=not alive)
            if process is not None and alive:
                process.attach(link.wire)
        said = {(each["run"], each["generator"]) for each in held}
        for part in expected.keys() - said:
            await self._vanished(part)

    async def _vanished(self, part: Part) -> None:
        """The machine knows nothing of a part any more, so that nothing will come home of it."""
        process = self._hub.process(part)
        if process is not None:
            process.ended(LOST)
        await self._hub.known.delivered(*part)

    async def _take(self, link: Link, kind: str, facts: dict[str, Any], payload: bytes) -> None:
        if kind == "data":
            link.streams.arrived(int(facts["stream"]), payload)
        elif kind == "shut":
            link.streams.shut(int(facts["stream"]))
        elif kind in {"health", "draining"}:
            await self._health(link, kind, facts)
        else:
            part = str(facts.pop("run")), str(facts.pop("generator"))
            if part in link.parts:
                await self._take_of_part(link, part, kind, facts, payload)

    async def _take_of_part(
        self, link: Link, part: Part, kind: str, facts: dict[str, Any], payload: bytes
    ) -> None:
        process = link.parts[part]
        if kind == "open":
            await self._open(link, part, int(facts["stream"]))
        elif kind == "chunk":
            arrivals, which = self._hub.arrivals(part), str(facts["file"])
            size = await asyncio.to_thread(arrivals.append, which, int(facts["offset"]), payload)
            link.wire.post("have", run=part[0], generator=part[1], file=which, size=size)
        elif kind == "delivered":
            await self._hub.delivered(part, int(facts["status"]))
            link.parts.pop(part, None)
            link.wire.post("forget", run=part[0], generator=part[1])
        elif kind == "event" and process is not None:
            process.event(str(facts["event"]), dict(facts["facts"]))
        elif kind == "stderr" and process is not None:
            process.stderr(str(facts["text"]))
        elif kind == "gone" and process is not None:
            process.stderr(f"The process ended with status {int(facts['status'])}")

    async def _open(self, link: Link, part: Part, stream: int) -> None:
        """Lead a stream to the master of its own run, and to nothing else."""
        process = link.parts[part]
        port = process.port if process is not None and not process.is_over else None
        if port is None:
            link.wire.post("shut", stream=stream)
            return
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            link.wire.post("shut", stream=stream)
            return
        link.streams.add(stream, reader, writer)

    async def _health(self, link: Link, kind: str, facts: dict[str, Any]) -> None:
        if kind == "draining":
            link.facts["draining"] = True
        else:
            link.facts |= {name: float(facts.get(name) or 0) for name in _HEALTH}
        if kind == "draining" or now_ms() - self._noted >= _SEEN_EVERY_MS:
            self._noted = now_ms()
            await self._hub.known.seen(link.joined())
            if not await self._hub.usable(link.joined()):
                raise RefusedError("revoked", "The join token was revoked.")


def _plugins(told: Any) -> dict[str, str]:
    """Versions of distributions, as a machine tells them."""
    if not isinstance(told, dict):
        return {}
    return {str(name)[:_LONGEST]: str(version)[:_LONGEST] for name, version in told.items()}
