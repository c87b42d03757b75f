"""Clients that people use, as programs that a test drives, and the person in front of them."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
from mcp.shared.auth import AuthorizationCodeResult

from octoperf_mcp.cli.sign_in import FormSignIn, _Form
from tests.end_to_end.conftest import PASSWORD, Server

NODE = Path(__file__).parent / "node"
MAX_LINE_BYTES = 4 * 1024 * 1024


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
                _, _, page = (await answer.text()).partition("</header>")
                form = _Form.read(page)
            address = urljoin(address, form.action)
            async with session.post(address, data=form.filled({})) as answer:
                assert "Access was revoked" in await answer.text()


class Program:
    """A client of the Node world (`node/*.mjs`), and a person who opens what it asks to open."""

    def __init__(self, process: asyncio.subprocess.Process, person: Person) -> None:
        self._process = process
        self._person = person

    async def ask(self, **message: Any) -> Any:
        """Send one message and wait for its result; a second sign-in is left to the next one.

        Raises:
            ConnectionError: the client failed, with what it says.
        """
        signs_in = not self._person.opened
        await self._tell(message)
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            heard = _heard(line)
            if "result" in heard:
                return heard["result"]
            if "error" in heard:
                raise ConnectionError(heard["error"])
            if "open" in heard and not signs_in:
                self._person.opened.append(heard["open"])
            elif "open" in heard:
                await self._person.open(heard["open"])
                await self._tell({"landed": self._person.pages.landed})
        raise AssertionError("the client ended")

    async def _tell(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        await self._process.stdin.drain()


def _heard(line: bytes) -> dict[str, Any]:
    """A message of the program; the Inspector also writes what is meant for a person."""
    text = line.decode().strip()
    if not text.startswith("{"):
        _, asks, address = text.partition("Please navigate to: ")
        return {"open": address} if asks else {}
    return dict(json.loads(text))


@asynccontextmanager
async def node_program(
    folder: Path,
    script: str,
    *arguments: str,
    person: Person,
    environ: dict[str, str] | None = None,
) -> AsyncIterator[Program]:
    """One of `node/*.mjs`, with the packages in `folder`."""
    process = await asyncio.create_subprocess_exec(
        folder / "node_modules/.bin/node",
        NODE / script,
        folder,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **(environ or {})},
        limit=MAX_LINE_BYTES,
    )
    try:
        yield Program(process, person)
    finally:
        assert process.stdin
        process.stdin.close()
        await process.wait()


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
            if "response_type=code" not in line:
                continue
            await self._person.open(line.strip())
            async with (
                aiohttp.ClientSession() as session,
                session.get(self._person.pages.landed) as answer,
            ):
                assert answer.status == 200, self._said
