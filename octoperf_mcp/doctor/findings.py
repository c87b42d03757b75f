"""What a check finds, and what it checks with."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import aiohttp
import orjson

from octoperf_mcp.auth.hosts import is_loopback
from octoperf_mcp.config import Settings
from octoperf_mcp.upstream.dialing import trust
from octoperf_mcp.upstream.proxies import Proxy, proxy_for

Status = Literal["ok", "warning", "failed", "skipped"]

TIMEOUT_S: Final = 10.0
_MAX_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """One result; `next` says what to do about it."""

    check: str
    status: Status
    message: str
    next: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """Origins without trailing slash; `issuer` as tokens name it."""

    public: str
    upstream: str
    issuer: str


@dataclass(slots=True)
class Answer:
    """What came back; `failure` is why nothing did. Times are of this machine, epoch seconds."""

    url: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    failure: str = ""
    asked_at: float = 0.0
    answered_at: float = 0.0

    @property
    def json(self) -> Any:
        """The decoded body; None when it is no JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    @property
    def told(self) -> str:
        """What happened, in a few words."""
        if self.failure:
            return self.failure
        if self.is_page:
            return f"answered {self.status} with a web page"
        where = self.headers.get("location", "")
        return f"answered {self.status}" + (f" to {_origin(where)}" if where else "")

    @property
    def is_page(self) -> bool:
        """Whether it is HTML, which no API answers."""
        return self.headers.get("content-type", "").lower().startswith("text/html")

    @property
    def redirects(self) -> bool:
        """Whether it is a redirect."""
        return 300 <= self.status < 400  # noqa: PLR2004 - HTTP


class Web:
    """Asks without following redirects, through the configured proxy, and keeps all answers."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self.session = session
        self.answers: list[Answer] = []

    def proxy(self, url: str) -> Proxy | None:
        """The proxy on the way to an address; loopback is always near."""
        if is_loopback(urlsplit(url).hostname or ""):
            return None
        upstream = self._settings.upstream
        return proxy_for(url, upstream.proxy, upstream.no_proxy)

    def way(self, url: str) -> dict[str, Any]:
        """Arguments of aiohttp for an address."""
        way: dict[str, Any] = {"allow_redirects": False}
        if url.startswith("https:"):
            way["ssl"] = trust(self._settings.upstream.ca_file)
        proxy = self.proxy(url)
        if proxy is not None:
            way["proxy"] = proxy.url
            if proxy.authorization:
                way["proxy_headers"] = {"Proxy-Authorization": proxy.authorization}
        return way

    async def ask(self, url: str, method: str = "GET", **more: Any) -> Answer:
        """One request; never raises for what goes wrong on the way."""
        answer = Answer(url, asked_at=time.time())
        try:
            async with self.session.request(method, url, **self.way(url), **more) as got:
                answer.answered_at = time.time()
                answer.status = got.status
                answer.headers = {name.lower(): value for name, value in got.headers.items()}
                answer.body = await got.content.read(_MAX_BYTES)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            answer.failure = _reason(error)
        self.answers.append(answer)
        return answer


@asynccontextmanager
async def open_web(settings: Settings) -> AsyncIterator[Web]:
    """Ask, and close the connections at the end."""
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S), cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield Web(settings, session)
        await asyncio.sleep(0)


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(error, TimeoutError):
        return f"did not answer within {TIMEOUT_S:g} s"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    if isinstance(error, aiohttp.ClientConnectorError | OSError):
        return "no connection could be made"
    return f"did not answer properly ({type(error).__name__})"


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else parts.path
