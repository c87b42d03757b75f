"""A headless Chromium, driven over its debugging protocol."""

import asyncio
import itertools
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=1200,900",
)


def chromium() -> str | None:
    """Where the browser is, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Tab:
    """One page; `problems` are what its console complained about."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._loaded = asyncio.Event()
        self.problems: list[str] = []
        self.network: list[dict[str, Any]] = []
        """What the network domain told, once it is enabled."""
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._listening = asyncio.create_task(self._listen())

    async def start(self) -> None:
        for domain in ("Page", "Runtime", "Log"):
            await self.command(f"{domain}.enable")

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)

    async def command(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(20):
            return dict(await answer)

    async def open(self, address: str) -> None:
        """Go to an address and wait until the page has loaded."""
        self._loaded.clear()
        await self.command("Page.navigate", url=address)
        await self._load()

    async def submit(self, fields: dict[str, str]) -> None:
        """Fill the page's first form, send it, and wait for the next page."""
        for name, value in fields.items():
            await self.evaluate(f"document.querySelector('[name={name}]').value = {value!r}")
        self._loaded.clear()
        form = "document.querySelector('form:not(header form)')"  # the header's chooses the theme
        await self.evaluate(f"{form}.requestSubmit()")
        await self._load()

    async def click(self, selector: str) -> None:
        """Press what leads to the next page, and wait for that."""
        self._loaded.clear()
        await self.evaluate(f"document.querySelector({selector!r}).click()")
        await self._load()

    async def evaluate(self, expression: str) -> Any:
        found = await self.command("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    async def text(self) -> str:
        """What a person reads."""
        return str(await self.evaluate("document.body.innerText"))

    async def _load(self) -> None:
        async with asyncio.timeout(20):
            await self._loaded.wait()

    async def _listen(self) -> None:
        async for message in self._socket:
            told = message.json()
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told.get("result", {}))
            elif told["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif told["method"].startswith("Network."):
                self.network.append(told)
            elif told["method"] == "Log.entryAdded":
                self.problems.append(told["params"]["entry"]["text"])


@asynccontextmanager
async def browser() -> AsyncIterator[Tab]:
    """Start Chromium with a profile of its own and open a tab."""
    executable = chromium()
    assert executable
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            [executable, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(await _address(session, profile), max_msg_size=0) as socket,
            ):
                tab = Tab(socket)
                await tab.start()
                yield tab
                await tab.close()
        finally:
            process.terminate()
            process.wait(10)


async def _address(session: aiohttp.ClientSession, profile: str) -> str:
    port_file = Path(profile) / "DevToolsActivePort"
    async with asyncio.timeout(30):
        while not (port_file.exists() and port_file.read_text("utf-8").count("\n")):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
        port = port_file.read_text("utf-8").split()[0]
        while True:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                pages = [each for each in await answer.json() if each["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
            await asyncio.sleep(0.05)
