"""The OAuth code of the clients that people use, against a real server and its real pages.

Each signs in without a person, calls a tool, renews its access token when that has expired, and is
shut out by a revocation on its next call.
"""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.shared.auth import AuthorizationCodeResult

from octoperf_mcp.cli.agent import connected
from octoperf_mcp.cli.sign_in import FormSignIn, _Form
from tests.end_to_end.conftest import PASSWORD, Server

ACCESS_LIFE_S = 3
PROGRAM = Path(__file__).parent / "node" / "client.mjs"

Call = Callable[[], Awaitable[dict[str, Any]]]


class Person:
    """Allows what is asked, on the server's pages; keeps which addresses were opened."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.pages: FormSignIn

    @property
    def redirect_uri(self) -> str:
        return "http://127.0.0.1:9/callback"

    async def open(self, address: str) -> None:
        self.opened.append(address)
        (wanted,) = parse_qs(urlsplit(address).query)["redirect_uri"]
        self.pages = FormSignIn("demo", PASSWORD, wanted)
        await self.pages.open(address)

    async def code(self) -> AuthorizationCodeResult:
        return await self.pages.code()

    async def revoke(self, server: Server) -> None:
        """Press the buttons of the page of connected applications."""
        async with self.pages._session() as session:
            address = f"{server.origin}/ui/account/profile/connected-apps"
            async with session.get(address) as answer:
                (row,) = re.findall(r'class="button" href="([^"]+)"', await answer.text())
            address = urljoin(address, row)
            async with session.get(address) as answer:
                form = _Form.read(await answer.text())
            address = urljoin(address, form.action)
            async with session.post(address, data=form.filled({})) as answer:
                assert "Access was revoked" in await answer.text()


class Program:
    """`node/client.mjs`, with a person who opens what it asks to open."""

    def __init__(self, process: asyncio.subprocess.Process, person: Person) -> None:
        self._process = process
        self._person = person

    async def call(self) -> dict[str, Any]:
        """Call the tool; a second sign-in is left to the next call."""
        signs_in = not self._person.opened
        await self._tell({"call": "list_workspaces"})
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            heard = json.loads(line)
            if "result" in heard:
                return dict(heard["result"])
            if "error" in heard:
                raise ConnectionError(heard["error"])
            if not signs_in:
                self._person.opened.append(heard["open"])
                continue
            await self._person.open(heard["open"])
            await self._tell({"landed": self._person.pages.landed})
        raise AssertionError("the client ended")

    async def _tell(self, message: dict[str, str]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        await self._process.stdin.drain()


class Announcements:
    """What mcp-remote writes for a person: addresses to open, which are opened at once."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._reader = asyncio.StreamReader()
        self._said = ""

    async def __aenter__(self) -> Self:
        reading, self.end = os.pipe()
        loop = asyncio.get_running_loop()
        self._pipe, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._reader), os.fdopen(reading, "rb", 0)
        )
        self._following = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._following.cancel()
        await asyncio.gather(self._following, return_exceptions=True)
        self._pipe.close()
        os.close(self.end)

    async def _follow(self) -> None:
        while line := (await self._reader.readline()).decode():
            self._said += line
            if "/auth/oauth2/authorize?" not in line:
                continue
            await self._person.open(line.strip())
            async with (
                aiohttp.ClientSession() as session,
                session.get(self._person.pages.landed) as answer,
            ):
                assert answer.status == 200, self._said


@asynccontextmanager
async def python_client(server: Server, person: Person, _folder: Path) -> AsyncIterator[Call]:
    async with connected(server.url, person) as agent:
        yield lambda: agent.call("list_workspaces")


def typescript_client(
    package: str,
) -> Callable[[Server, Person, Path], AbstractAsyncContextManager[Call]]:
    @asynccontextmanager
    async def started(server: Server, person: Person, folder: Path) -> AsyncIterator[Call]:
        process = await asyncio.create_subprocess_exec(
            folder / "node_modules/.bin/node",
            PROGRAM,
            folder,
            package,
            server.url,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield Program(process, person).call
        finally:
            assert process.stdin
            process.stdin.close()
            await process.wait()

    return started


@asynccontextmanager
async def mcp_remote(server: Server, person: Person, folder: Path) -> AsyncIterator[Call]:
    """The proxy that gives clients of standard input and output a remote server."""
    environ = {
        "PATH": os.environ["PATH"],
        "BROWSER": "true",  # opens nothing, successfully
        "MCP_REMOTE_CONFIG_DIR": str(server.folder / "mcp-remote"),
    }
    script = str(folder / "node_modules/mcp-remote/dist/proxy.js")
    command = StdioServerParameters(
        command=str(folder / "node_modules/.bin/node"), args=[script, server.url], env=environ
    )
    async with Announcements(person) as announced:
        with os.fdopen(os.dup(announced.end), "w", encoding="utf-8") as errors:
            async with Client(stdio_client(command, errlog=errors), mode="legacy") as client:

                async def call() -> dict[str, Any]:
                    result = await client.call_tool("list_workspaces", {})
                    assert not result.is_error, result
                    return dict(result.structured_content or {})

                yield call


CLIENTS = {
    "mcp for Python": python_client,
    "TypeScript SDK 1": typescript_client("@modelcontextprotocol/sdk"),
    "TypeScript SDK 2": typescript_client("@modelcontextprotocol/client"),
    "mcp-remote": mcp_remote,
}


@pytest.fixture
def short_lived(tmp_path: Path) -> Iterator[Server]:
    """A server whose access tokens live for moments."""
    life = {"OCTOPERF_MCP_EMBEDDED_ACCESS_LIFE_S": str(ACCESS_LIFE_S)}
    server = Server(tmp_path, environ=life)
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_signs_in_renews_its_token_and_is_shut_out_by_a_revocation(
    short_lived: Server, request: pytest.FixtureRequest, name: str
) -> None:
    folder = Path() if name == "mcp for Python" else request.getfixturevalue("node_folder")
    person = Person()
    async with asyncio.timeout(60), CLIENTS[name](short_lived, person, folder) as call:
        assert (await call())["workspaces"]
        while "grant_refreshed" not in short_lived.log.read_text("utf-8"):
            assert (await call())["workspaces"]
        assert len(person.opened) == 1
        await person.revoke(short_lived)
        if name.startswith("TypeScript"):
            with pytest.raises(ConnectionError, match="Unauthorized"):
                await call()
        else:  # these two ask the person within the call, who allows it once more
            assert (await call())["workspaces"]
        assert len(person.opened) == 2
