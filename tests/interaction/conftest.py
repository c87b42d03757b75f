"""A small server on a real socket, and the ways to talk to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import aiohttp
import orjson
import pytest
from aiohttp import web
from pydantic import Field

from octoperf_mcp import (
    Caller,
    Completion,
    Prompt,
    PromptArgument,
    PublicAsset,
    Resource,
    RestCall,
    Tool,
    ToolContext,
    hookimpl,
    payload,
    tool,
)
from octoperf_mcp.errors import AuthError, InvalidTokenError, NotFoundError, UnavailableError
from octoperf_mcp.protocol.identity import instructions, server_info
from octoperf_mcp.protocol.server import McpServer
from octoperf_mcp.registry.context import CallScope
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.tools import READ, WRITE
from octoperf_mcp.transport.public_files import add_public_files
from octoperf_mcp.transport.runner import IDLE_S, make_runner
from octoperf_mcp.transport.streamable_http import McpEndpoint, add_mcp

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
META = "io.modelcontextprotocol/"
GUIDE = b"# Guide\r\nTwo lines.\n"


@dataclass
class World:
    """What the test and the tools share."""

    auth_required: bool = False
    started: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    offered: frozenset[str] | None = None


@dataclass
class Context:
    """A tool's context; `world` is for the fixture tools."""

    scope: CallScope
    world: World

    @property
    def caller(self) -> Caller:
        return self.scope.caller

    async def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        await self.scope.report_progress(done, total, message)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.scope, name)


@payload
class Said:
    text: str
    url: str


URL = "https://octoperf.test/ui"
OPTIONAL = RestCall("GET", "/optional/{id}", optional=True)


@tool(title="Echo", read_only=True)
async def echo(
    ctx: ToolContext, text: str, times: int = 1, tone: Literal["low", "loud"] = "low"
) -> Said:
    """Say the text again.

    Args:
        text: What to say.
        times: How often.
        tone: How.
    """
    return Said(text=text * times, url=URL)


@tool(title="Count", read_only=True)
async def count(ctx: Any, up_to: int) -> Said:
    """Count and tell how far it is.

    Args:
        up_to: Last number.
    """
    for number in range(1, up_to + 1):
        await ctx.progress(number, up_to, f"at {number}")
    await ctx.progress(0, up_to, "backwards, which no client may see")
    return Said(text=str(up_to), url=URL)


@tool(title="Wait", read_only=True)
async def wait(ctx: Any) -> Said:
    """Wait until the test lets go."""
    ctx.world.started.set()
    try:
        await ctx.world.release.wait()
    except asyncio.CancelledError:
        ctx.world.cancelled.set()
        raise
    ctx.world.finished.set()
    return Said(text="done", url=URL)


@tool(title="Delete", destructive=True, aliases=("remove_thing",))
async def delete_thing(ctx: ToolContext, thing_id: str) -> Said:
    """Delete a thing.

    Args:
        thing_id: The thing, as returned by list_things.
    """
    if thing_id == "gone":
        raise NotFoundError("No thing has this id.", status=404, next_step="Call list_things.")
    return Said(text=f"{thing_id} by {ctx.caller.subject}", url=URL)


@tool(title="Break", read_only=True)
async def break_down(ctx: Any, how: str = "error") -> Said:
    """Fail.

    Args:
        how: In which way.
    """
    await ctx.progress(1)
    if how.endswith("token"):
        raise InvalidTokenError("The upstream no longer takes this token.")
    if how == "cancel":
        raise asyncio.CancelledError
    raise RuntimeError("secret detail")


@tool(title="Chatter", read_only=True)
async def chatter(ctx: Any) -> Said:
    """Log at two levels."""
    await ctx.scope.log("info", "so far, so good")
    await ctx.scope.log("error", {"message": "oh"})
    return Said(text="said", url=URL)


@tool(title="Route", read_only=True)
async def route(
    ctx: ToolContext,
    region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})] = "eu",
    size: Annotated[int, Field(json_schema_extra={"x-mcp-header": "Size"})] = 1,
) -> Said:
    """Say where.

    Args:
        region: Where.
        size: How much.
    """
    return Said(text=f"{region} {size}", url=URL)


@tool(title="Optional", read_only=True, needs=(OPTIONAL,))
async def sometimes(ctx: ToolContext) -> Said:
    """Work only where the upstream can."""
    return Said(text="yes", url=URL)


async def read_thing(ctx: ToolContext, values: Mapping[str, str]) -> str:
    if values["thingId"] == "missing":
        raise NotFoundError("No thing has this id.", status=404)
    if values["thingId"] == "late":
        raise UnavailableError("OctoPerf does not answer.", next_step="Try again in a minute.")
    return orjson.dumps({"id": values["thingId"], "owner": ctx.caller.subject}).decode()


async def read_picture(ctx: ToolContext, values: Mapping[str, str]) -> bytes:
    return b"\x89PNG"


async def complete_thing(
    ctx: ToolContext, variable: str, prefix: str, known: Mapping[str, str]
) -> Sequence[str]:
    return [f"{prefix}{number:03}" for number in range(150)]


async def complete_who(ctx: ToolContext, typed: str, known: Mapping[str, str]) -> Sequence[str]:
    if typed == "missing":
        raise NotFoundError("There is no such place.", status=404)
    return [f"{typed} of {known.get('place', 'nowhere')}", ctx.caller.subject]


class FixturePlugin:
    """Everything that a plugin can register and this server can show."""

    __name__ = "fixture"

    @hookimpl
    def register_tools(self) -> Iterable[Tool]:
        return (echo, count, wait, delete_thing, break_down, chatter, route, sometimes)

    @hookimpl
    def register_resources(self) -> Iterable[Resource]:
        template = Resource(
            uri="fixture://things/{thingId}",
            name="thing",
            title="Thing",
            description="One thing.",
            media_type="application/json",
            read=read_thing,
            complete=complete_thing,
        )
        picture = Resource(
            uri="fixture://picture",
            name="picture",
            title="Picture",
            description="A picture.",
            media_type="image/png",
            read=read_picture,
        )
        return (template, picture)

    @hookimpl
    def register_prompts(self) -> Iterable[Prompt]:
        return (
            Prompt(
                name="greet",
                title="Greet",
                description="Greet somebody.",
                arguments=(PromptArgument("who", "Whom.", required=True),),
                render=lambda values: f"Say hello to {values['who']}.",
            ),
            Prompt(
                name="fly",
                title="Fly",
                description="Fly with a tool that is not here.",
                arguments=(),
                tools=("echo", "wings"),
            ),
        )

    @hookimpl
    def register_completions(self) -> Iterable[Completion]:
        return (Completion("who", complete_who),)

    @hookimpl
    def register_public_assets(self) -> Iterable[PublicAsset]:
        return (
            PublicAsset(
                path="AGENTS.md",
                media_type="text/markdown; charset=utf-8",
                content=GUIDE,
                resource_uri="octoperf://templates/agents-md",
                title="Guide",
                description="For agents.",
            ),
            PublicAsset(
                path="skills/scheduling.md",
                media_type="text/markdown; charset=utf-8",
                content=b"# Scheduling\n" + b"A line that repeats.\n" * 100,
                resource_uri="octoperf://skills/scheduling",
                title="Scheduling",
                description="When to run.",
            ),
        )


async def authenticate(request: web.Request, world: World) -> Caller:
    """`Bearer SCOPE:SUBJECT`; nobody needs a token unless the test says so."""
    header = request.headers.get("Authorization", "")
    if not header and not world.auth_required:
        return Caller("anonymous", "c", frozenset((READ, WRITE)), "", 9e9)
    scope, colon, subject = header.removeprefix("Bearer ").partition(":")
    if not colon:
        raise InvalidTokenError("No token.")
    return Caller(subject, "c", frozenset((f"octoperf:{scope}",)), "t", 9e9)


def challenge(request: web.Request, error: AuthError) -> web.Response:
    scopes = " ".join(getattr(error, "scopes", ()))
    field_value = f'Bearer error="{error.code}", scope="{scopes}"'
    return web.Response(status=error.status, headers={"WWW-Authenticate": field_value})


@dataclass
class Server:
    """A running server, and requests to it."""

    url: str
    world: World
    endpoint: McpEndpoint
    http: aiohttp.ClientSession
    runner: web.AppRunner

    async def post(
        self, body: Any, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, decoded JSON (None for an empty body) and fields of an answer."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        fields = {"Content-Type": "application/json", "Accept": BOTH, **(headers or {})}
        async with self.http.post(self.url, data=raw, headers=fields) as answer:
            content = await answer.read()
            return answer.status, orjson.loads(content) if content else None, answer.headers

    async def modern(
        self, method: str, params: Mapping[str, Any] | None = None, **fields: str
    ) -> tuple[int, Any, Mapping[str, str]]:
        """A well-formed stateless request."""
        body, headers = modern_request(method, params)
        return await self.post(body, {**headers, **fields})

    async def initialize(self, version: str = LEGACY, **fields: str) -> dict[str, str]:
        """Open a session; answers the field that later requests carry."""
        body = legacy_request(
            "initialize",
            {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t"}},
        )
        status, answer, headers = await self.post(body, fields)
        assert status == 200, answer
        return {"Mcp-Session-Id": headers["Mcp-Session-Id"], **fields}


BOTH = "application/json, text/event-stream"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


def legacy_request(method: str, params: Any = None, rpc_id: Any = 1) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "id": rpc_id, "method": method}
    return body if params is None else {**body, "params": params}


def modern_request(
    method: str, params: Mapping[str, Any] | None = None, meta: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Body and fields of a stateless request."""
    envelope = {f"{META}protocolVersion": MODERN, f"{META}clientCapabilities": {}}
    given = dict(params or {})
    full = {**given, "_meta": {**envelope, **(meta or {})}}
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    if method in NAMED and NAMED[method] in given:
        headers["Mcp-Name"] = str(given[NAMED[method]])
    return legacy_request(method, full), headers


Start = Callable[..., Awaitable[Server]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts servers as production does, on its runner."""
    runners: list[web.AppRunner] = []
    clients: list[aiohttp.ClientSession] = []

    async def run(
        plugins: Sequence[Any] = (),
        guard: Callable[[Registry], Registry] = lambda registry: registry,
        idle_s: float = IDLE_S,
        **options: Any,
    ) -> Server:
        world = World()
        enable = [plugin.__name__.removeprefix("octoperf_") for plugin in plugins]
        registry = load_registry(extra=[FixturePlugin(), *plugins], enable=enable, installed=False)

        async def offered(caller: Caller) -> frozenset[str] | None:
            return world.offered

        server = McpServer(
            guard(registry),
            lambda scope: Context(scope, world),
            info=server_info(),
            instruct=instructions,
            offered=offered,
        )
        app = web.Application()
        endpoint = add_mcp(
            app,
            server,
            authenticate=lambda request: authenticate(request, world),
            challenge=challenge,
            allowed_hosts=("127.0.0.1", "localhost"),
            **options,
        )
        add_public_files(app, registry)
        runner = make_runner(app, shutdown_timeout=1, idle_s=idle_s)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        client = aiohttp.ClientSession(auto_decompress=True)
        clients.append(client)
        return Server(f"http://{host}:{port}/mcp", world, endpoint, client, runner)

    yield run
    for client in clients:
        await client.close()
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def server(start: Start) -> Server:
    """One server with default options."""
    return await start()
