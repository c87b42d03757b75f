"""Two processes on one PostgreSQL database: what is turned at one, the other follows."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import sqlalchemy as sa

from octoperf_mcp.cli.serving import Serving
from tests.end_to_end.conftest import PASSWORD, Server
from tests.end_to_end.test_switches import Client, command, said
from tests.faults.proxying import piped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

POSTGRES = "OCTOPERF_MCP_TESTS_POSTGRES"
PAGE = "/ui/administration/tools"


class Way:
    """To the database, until it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._open: dict[asyncio.Task[None], None] = {}
        self._server: asyncio.Server | None = None
        self.port = 0

    async def begin(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server
        self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(piped(reader, writer, *self._to))
        self._open[task] = None
        task.add_done_callback(lambda done: self._open.pop(done, None))


@dataclass
class Pair:
    """Two servers, the clients that talk to them, and how a third is started."""

    servers: list[Server]
    clients: list[Client]
    way: Way
    another: Callable[[], Awaitable[Client]]


@asynccontextmanager
async def database() -> AsyncIterator[str]:
    """The address of an empty schema."""
    address = os.environ.get(POSTGRES)
    if not address:
        pytest.skip(f"{POSTGRES} names no PostgreSQL server")
    asyncpg = pytest.importorskip("asyncpg")
    name = f"octoperf_test_{secrets.token_hex(8)}"
    admin = await asyncpg.connect(address)
    await admin.execute(f"CREATE SCHEMA {name}")
    try:
        url = sa.make_url(address).update_query_dict({"search_path": name})
        yield url.render_as_string(hide_password=False)
    finally:
        await admin.execute(f"DROP SCHEMA {name} CASCADE")
        await admin.close()


@pytest.fixture
async def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pair]:
    async with database() as address, aiohttp.ClientSession() as http:
        url = sa.make_url(address)
        way = Way(url.host or "", url.port or 5432)
        await way.begin()
        shared = {
            "OCTOPERF_MCP_AUTH_MODE": "off",
            "OCTOPERF_MCP_EMBEDDED_SECRETS_KEY": base64.b64encode(os.urandom(32)).decode(),
            "OCTOPERF_MCP_SERVER_SECRETS": secrets.token_hex(32),
        }
        indirect = url.set(host="127.0.0.1", port=way.port).render_as_string(hide_password=False)
        environ = {**shared, "OCTOPERF_MCP_EMBEDDED_DATABASE_URL": indirect}
        # commands take the straight way, which nobody cuts
        for name, value in {**shared, "OCTOPERF_MCP_EMBEDDED_DATABASE_URL": address}.items():
            monkeypatch.setenv(name, value)
        servers: list[Server] = []

        async def another() -> Client:
            folder = tmp_path / str(len(servers))
            folder.mkdir()
            server = Server(folder, environ=environ)
            await asyncio.to_thread(server.start)
            servers.append(server)
            return Client(http, Serving(server.origin))

        try:
            yield Pair(servers, [await another(), await another()], way, another)
        finally:
            for server in servers:
                if server.process is not None:
                    await asyncio.to_thread(server.stop)
            await way.cut()


async def turned(*words: str) -> None:
    assert await command(*words) == 0


async def administered(client: Client, path: str) -> None:
    """Press a button of the page of administrators."""
    jar = aiohttp.CookieJar(unsafe=True)
    origin = client.server.origin
    async with aiohttp.ClientSession(cookie_jar=jar) as browser:

        async def sent(page: str, to: str, **fields: str) -> str:
            async with browser.get(origin + page) as answer:
                form = re.search(r'name="form" value="([^"]+)"', await answer.text())
            assert form
            async with browser.post(origin + to, data={"form": form[1], **fields}) as answer:
                assert answer.status == 200
                return await answer.text()

        login = "/ui/access/login"
        await sent(login, login, next="/ui/", username="demo", password=PASSWORD)
        assert "connected clients were told" in await sent(PAGE, f"{PAGE}/{path}")


async def gone(client: Client, stream: aiohttp.StreamReader, tool: str) -> None:
    """Read changes until the tool is gone; another's note may come first."""
    while tool in await client.tools():
        await said(stream, "notifications/tools/list_changed")


async def everything(client: Client) -> str:
    """All that agents and operators are shown."""
    shown: list[Any] = [
        await client.ask(method)
        for method in ("prompts/list", "resources/list", "resources/templates/list")
    ]
    shown += [sorted(await client.tools()), await client.public("AGENTS.md")]
    async with client.http.get(f"{client.server.origin}/metrics") as answer:
        shown.append(await answer.text())
    return str(shown)


async def test_the_other_replica_follows_whoever_turns(pair: Pair) -> None:
    first, second = pair.clients
    async with first.listening() as here, second.listening() as there:
        for client in pair.clients:
            called = {"name": "run_scenario", "arguments": {}}
            await client.ask("tools/call", called)  # has its series from now on
            assert "run_scenario" in await everything(client)
        await turned("plugins", "disable", "bench")
        for client, stream in ((first, here), (second, there)):
            await gone(client, stream, "run_scenario")
            shown = re.sub(r"run_scenario`? \(off here\)", "", await everything(client))
            assert "run_scenario" not in shown
            assert "the area bench, which" in await client.refusal("run_scenario")
        await administered(first, "tool/import_har_virtual_user/off")
        assert "import_har_virtual_user" not in await first.tools()
        await gone(second, there, "import_har_virtual_user")
        await administered(second, "plugin/bench/on")
        await said(here, "notifications/tools/list_changed")
        while "run_scenario" not in await first.tools():
            await said(here, "notifications/tools/list_changed")


async def test_turns_at_both_at_once_are_all_kept_and_a_later_replica_has_them(pair: Pair) -> None:
    first, second = pair.clients
    tools = ["delete_scenario", "list_workspaces", "create_project", "stop_scenario"]
    tools = [name for name in tools if name in await first.tools()]
    async with first.listening() as here, second.listening() as there:
        await asyncio.gather(
            *(
                administered(pair.clients[at % 2], f"tool/{name}/off")
                for at, name in enumerate(tools)
            ),
            turned("plugins", "disable", "analysis"),
        )
        for client, stream in ((first, here), (second, there)):
            for name in [*tools, "get_report"]:
                await gone(client, stream, name)
    third = await pair.another()
    assert not {*tools, "get_report"} & await third.tools()


async def test_a_replica_that_lost_its_database_follows_afterwards(pair: Pair) -> None:
    first, second = pair.clients
    async with first.listening() as here, second.listening() as there:
        await pair.way.cut()
        await turned("tools", "disable", "delete_scenario")
        assert "delete_scenario" in await second.tools()
        await pair.way.begin()
        for client, stream in ((first, here), (second, there)):
            await gone(client, stream, "delete_scenario")
