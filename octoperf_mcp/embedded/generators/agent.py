"""A machine that lends itself to a location: connects, plays what it is given, sends all home.

Needs the extra `generator` only: neither database nor pages.
"""

import asyncio
import contextlib
import os
import platform as python_platform
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from octoperf_mcp import __version__
from octoperf_mcp.embedded.generators.frames import MOST_BYTES, PATH, PATIENCE_S, PROTOCOL
from octoperf_mcp.embedded.generators.held_parts import HeldPart
from octoperf_mcp.embedded.generators.machine import Health, memory_mb, plugin_versions
from octoperf_mcp.embedded.generators.playing import Playing
from octoperf_mcp.embedded.generators.wire import Wire
from octoperf_mcp.errors import OctoPerfMcpError

_HEALTH_S = 2.0
_PING_S = 5.0
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 15.0
_UNAUTHORIZED = 401

Say = Callable[[str], None]


class NotTakenError(OctoPerfMcpError):
    """The platform does not want this machine; joining again would not help."""

    code = "not_taken"


@dataclass(frozen=True, slots=True)
class Joining:
    """Where a machine joins, and as what.

    Args:
        url: Origin of the platform.
        token: The join token.
        locations: Of the provider; none: its only one.
        name: What people read.
        data_dir: Where results wait until they are home.
        machine_id: The same at every start.
    """

    url: str
    token: str
    locations: tuple[str, ...]
    name: str
    data_dir: Path
    machine_id: str


class Agent:
    """Stays connected until it is told to leave."""

    def __init__(self, joining: Joining, say: Say) -> None:
        self._joining = joining
        self._say = say
        self._playing = Playing(joining.data_dir / "runs")
        self._leaving = asyncio.Event()
        self._health = Health()
        self._took_part = False

    def leave(self) -> None:
        """Take no more work, and end when that under way is over."""
        self._leaving.set()

    async def run(self, drain_s: float) -> int:
        """Join and stay; answers how many parts could not be sent home.

        Args:
            drain_s: How long runs under way may go on after `leave`.

        Raises:
            NotTakenError: the platform refuses this machine.
        """
        await self._playing.take_up()
        connecting = asyncio.create_task(self._stay_connected())
        leaving = asyncio.create_task(self._leaving.wait())
        try:
            await asyncio.wait([connecting, leaving], return_when=asyncio.FIRST_COMPLETED)
            if connecting.done():
                connecting.result()
            await self._drain(drain_s)
        finally:
            leaving.cancel()
            connecting.cancel()
            await asyncio.gather(connecting, leaving, return_exceptions=True)
            await self._playing.close()
        return len(self._playing.parts)

    async def _drain(self, drain_s: float) -> None:
        self._say("leaving: takes no more work")
        self._playing.post("draining")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_s):
                await self._playing.idle()
        self._playing.release_all()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_s + _LONGEST_PAUSE_S):
                await self._playing.all_home()

    async def _stay_connected(self) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            begin = time.monotonic()
            try:
                await self._connect()
                trouble = "the platform closed the connection"
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                trouble = f"{type(error).__name__}: {error}"
            if time.monotonic() - begin > _LONGEST_PAUSE_S:
                pause = _FIRST_PAUSE_S
            self._say(f"not connected ({trouble}); the next attempt is in {pause:.1f} s")
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _connect(self) -> None:
        address = self._joining.url.rstrip("/") + PATH
        headers = {"Authorization": f"Bearer {self._joining.token}"}
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            try:
                socket = await session.ws_connect(
                    address,
                    headers=headers,
                    heartbeat=_PING_S,
                    max_msg_size=2 * MOST_BYTES,
                    compress=0,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                )
            except aiohttp.WSServerHandshakeError as error:
                if error.status == _UNAUTHORIZED:
                    raise NotTakenError(
                        "The platform does not know this join token, or it was revoked."
                    ) from error
                raise
            wire = Wire(socket)
            health = asyncio.create_task(self._tell_health(wire))
            try:
                await self._talk(wire)
            finally:
                health.cancel()
                await wire.close()
                self._playing.disconnected(PATIENCE_S)

    async def _talk(self, wire: Wire) -> None:
        await wire.send("hello", **self._hello())
        async for kind, facts, payload in wire.messages():
            if kind == "refused":
                raise NotTakenError(str(facts["message"]))
            if kind == "welcome":
                self._welcomed(wire, facts)
            else:
                await self._playing.take(kind, facts, payload)

    def _welcomed(self, wire: Wire, facts: dict[str, Any]) -> None:
        where = ", ".join(facts["locations"])
        self._say(f"joined {facts['provider']} at {where} as {self._joining.name}")
        self._playing.connected(wire)
        if self._leaving.is_set():
            wire.post("draining")

    def _hello(self) -> dict[str, Any]:
        joining = self._joining
        return {
            "protocol": PROTOCOL,
            "version": __version__,
            "id": joining.machine_id,
            "name": joining.name,
            "host": python_platform.node(),
            "locations": list(joining.locations),
            "cpus": os.cpu_count() or 1,
            "memoryMb": memory_mb(),
            "clockMs": time.time_ns() // 1_000_000,
            "held": self._playing.held(),
            "plugins": plugin_versions(),
        }

    async def _tell_health(self, wire: Wire) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(_HEALTH_S)
            lag_ms = (time.monotonic() - before - _HEALTH_S) * 1000
            wire.post("health", **self._health.now(), lagMs=round(max(0.0, lag_ms), 1))


def is_safe(url: str) -> bool:
    """Whether a token may be sent there: encrypted, or to this machine itself."""
    parts = urlsplit(url)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return parts.scheme == "https" or (parts.scheme == "http" and local)


def held_parts(data_dir: Path) -> list[HeldPart]:
    """Results that wait in a folder."""
    return HeldPart.left_in(data_dir / "runs")
