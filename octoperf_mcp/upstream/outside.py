"""Calls of plugins to services other than OctoPerf: their own base addresses.

No caller's token gets here: nothing in this module is given one. No cookies, redirects, repeats.
"""

import asyncio
import re
import ssl
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson
import structlog

from octoperf_mcp import __version__
from octoperf_mcp.auth.hosts import is_loopback
from octoperf_mcp.config import Secret, Settings, UpstreamSettings
from octoperf_mcp.errors import InvalidArgumentError, NotFoundError, UnavailableError
from octoperf_mcp.internet_addresses import reach_of
from octoperf_mcp.observability.metrics import Metrics
from octoperf_mcp.registry.base_addresses import TOKEN, BaseAddress, unusable
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.upstream.breaker import Breaker
from octoperf_mcp.upstream.client import UnregisteredCallError
from octoperf_mcp.upstream.connections import BrokenConnectionError, Pool
from octoperf_mcp.upstream.decoding import decoded
from octoperf_mcp.upstream.dialing import Dialer, ForbiddenAddressError, ProxyRefusedError
from octoperf_mcp.upstream.http1 import Answer, LargeAnswerError, MalformedAnswerError, unpacked
from octoperf_mcp.upstream.multipart import encoded
from octoperf_mcp.upstream.outside_failures import Whose, refused, silent
from octoperf_mcp.upstream.proxies import proxy_for
from octoperf_mcp.upstream.retries import DOWN

log = structlog.get_logger(__name__)

_CONNECTIONS = 10
_FIRST_REDIRECT = 300
_MIN_SECRET_CHARS = 6
_NO_IDS = frozenset({"", ".", ".."})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_MEDIA_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
_CREDENTIAL = re.compile(r"[^/?&=]+")


@dataclass(frozen=True, slots=True)
class _Service:
    """A base address as it is configured; `pool` is None while it is not."""

    whose: Whose
    base: BaseAddress
    pool: Pool | None = None
    breaker: Breaker = field(default_factory=lambda: Breaker(0, 0))
    prefix: str = ""
    query: str = ""
    fields: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class _Values:
    """What configuration has for a base address; `told` names the key and where it comes from."""

    address: str = field(repr=False)
    token: str = field(repr=False)
    told: str
    hint: str


class OutsideCalls:
    """Makes the calls of plugins that have a base address.

    Args:
        settings: Sections of plugins; the proxy, the certificates and the breaker of `[upstream]`.
        metrics: Told of each call.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._services: dict[BaseAddress, _Service] = {}
        self._calls: dict[RestCall, RestCall] = {}
        self.offered: frozenset[str] = frozenset()
        """Endpoints of the calls that can be made as configured."""

    def register(self, registry: Registry, routes: Mapping[RestCall, RestCall]) -> list[str]:
        """Make the calls of a registry possible; answers what is wrong with their settings.

        Args:
            registry: All plugins.
            routes: What is called for each call.
        """
        problems = []
        for plugin, calls in registry.routes.items():
            for call in calls.values():
                if call.base is None:
                    continue
                self._calls[call] = routes[call]
                if call.base not in self._services:
                    service, problem = self._made(registry, plugin, call.base)
                    self._services[call.base] = service
                    problems += [problem] if problem else []
        self.offered = frozenset(
            call.endpoint
            for call in self._calls
            if call.base is not None and self._services[call.base].pool is not None
        )
        return problems

    async def close(self) -> None:
        """Close the connections."""
        for service in self._services.values():
            if service.pool is not None:
                await service.pool.close()

    async def call(self, call: RestCall, values: Mapping[str, Any], body: Any = None) -> Any:
        """Make one call; answers decoded JSON, text, bytes or None.

        Raises:
            UpstreamError: it was refused or failed.
            UnregisteredCallError: no plugin registered the call.
        """
        routed = self._calls.get(call)
        if routed is None or routed.base is None:
            raise UnregisteredCallError(
                f"{call.endpoint} was not registered by any plugin: register_rest_calls returns it."
            )
        service = self._services[routed.base]
        request = _request(service, routed, values, body)
        if service.pool is None:
            raise silent(service.whose, routed, "it is not configured", repeat=False)
        if wait_s := service.breaker.wait_s():
            raise UnavailableError(
                f"{service.whose} did not answer the calls before this one, so this one was not "
                "sent.",
                endpoint=routed.endpoint,
                retry_after_s=max(1, round(wait_s)),
            )
        answer = await self._observed(service, service.pool, routed, request)
        if routed.answer == "none":
            return None
        if routed.answer == "text":
            return answer.body.decode("utf-8", "replace")
        return await decoded(routed, answer)

    async def _observed(
        self, service: _Service, pool: Pool, call: RestCall, request: bytes
    ) -> Answer:
        started, status = self._metrics.clock(), 0
        span, _ = self._metrics.asking(call.endpoint)  # our trace is no business of others
        try:
            answer = await _asked(service, pool, call, request)
            status = answer.status
        finally:
            seconds = self._metrics.asked_outside(
                service.whose.plugin, call.endpoint, status, started, span
            )
            log.info(
                "outside_call",
                plugin=service.whose.plugin,
                call=call.endpoint,
                http_status=status,
                duration_ms=round(seconds * 1000, 1),
            )
            if status == 0 or status in DOWN:
                service.breaker.failed()
            else:
                service.breaker.succeeded()
        if status >= _FIRST_REDIRECT:
            raise refused(service.whose, call, answer)
        return answer

    def _made(self, registry: Registry, plugin: str, base: BaseAddress) -> tuple[_Service, str]:
        values = self._values(registry, plugin, base)
        whose = Whose(base.name, plugin, values.hint, frozenset(_secrets(values)))
        off = _Service(whose, base)
        if not values.address:
            return off, ""
        reason = unusable(values.address)
        host = urlsplit(values.address).hostname or "" if not reason else ""
        permitted = partial(_permitted, named=bool(base.setting), loopback=is_loopback(host))
        if not reason and _is_number(host) and not permitted(host):
            reason = "an address that may be called: none of metadata services or link-local"
        if reason:
            log.error("outside_address_unusable", plugin=plugin, setting=values.told)
            return off, f"{values.told} must be {reason}."
        return _service(whose, base, values, self._settings.upstream, permitted), ""

    def _values(self, registry: Registry, plugin: str, base: BaseAddress) -> _Values:
        name = registry.section_owners.get(plugin, "")
        if not base.settings or not name:
            return _Values(base.url, "", f"{base.name} of {plugin}", "Tell the user.")
        kinds = {section.name: section.settings for section in registry.config_sections}
        section = self._settings.section(name, kinds[name])

        def text(key: str) -> str:
            value = getattr(section, key) if key else ""
            return (value.reveal() if isinstance(value, Secret) else str(value)).strip()

        key = base.setting or base.token_setting
        return _Values(
            base.url or text(base.setting),
            text(base.token_setting),
            f"[{name}] {key} ({self._settings.origin(name, key)})",
            f"Tell the user: the operator of this server should look at [{name}] {key}.",
        )


def _service(
    whose: Whose,
    base: BaseAddress,
    values: _Values,
    settings: UpstreamSettings,
    permitted: Callable[[str], bool],
) -> _Service:
    parts = urlsplit(values.address)
    proxy = proxy_for(values.address, settings.proxy, settings.no_proxy)
    dialer = Dialer(values.address, ca_file=settings.ca_file, proxy=proxy, permitted=permitted)
    pool = Pool(dialer, limit=_CONNECTIONS, silence_s=base.timeout_s, longest_s=base.timeout_s)
    fields = (
        f" HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: octoperf-mcp/{__version__}\r\n"
        "Accept: application/json, */*;q=0.5\r\nAccept-Encoding: gzip\r\n"
    )
    if values.token:
        fields += base.token_header.replace(TOKEN, values.token) + "\r\n"
    prefix = quote(parts.path, safe="/%:@!$&'()*+,;=~")
    if dialer.forwards and proxy is not None:
        prefix = f"http://{parts.netloc}{prefix}"
        fields += f"Proxy-Authorization: {proxy.authorization}\r\n" if proxy.authorization else ""
    breaker = Breaker(settings.breaker_failures, settings.breaker_pause_s)
    return _Service(whose, base, pool, breaker, prefix, parts.query, fields)


def _permitted(address: str, *, named: bool, loopback: bool) -> bool:
    """Whether an address may be connected to.

    Args:
        address: What the name means, or what is spelled.
        named: Whether the operator's configuration has the address.
        loopback: Whether it spells loopback.
    """
    reach = reach_of(address)
    if reach == "loopback":
        return named and loopback
    return reach == "public" or (named and reach == "private")


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _secrets(values: _Values) -> Iterator[str]:
    """What an answer must not hold if it is told to an agent."""
    if values.token:
        yield values.token
    parts = values.address.partition("://")[2].partition("/")[2]
    for part in _CREDENTIAL.findall(parts):
        if len(part) >= _MIN_SECRET_CHARS:
            yield from {part, urllib.parse.unquote(part)}


def _request(service: _Service, call: RestCall, values: Mapping[str, Any], body: Any) -> bytes:
    for name in call.template.names:
        if values[name] in _NO_IDS:
            raise NotFoundError(f"{values[name]!r} is no {name}.", endpoint=call.endpoint)
    given = [
        (wire, str(values[name]).lower() if isinstance(values[name], bool) else str(values[name]))
        for wire, name in call.query_names
        if values.get(name) is not None
    ]
    path = service.prefix.removesuffix("/" if call.path.startswith("/") else "")
    path = path + call.template.fill(values) or "/"
    query = "&".join(filter(None, (service.query, urlencode(given))))
    head = f"{call.method} {path}{'?' if query else ''}{query}{service.fields}"
    media_type, data = _MEDIA_TYPES.get(call.body, ""), b""
    if call.body == "json":
        data = orjson.dumps(body)
    elif call.body == "form":
        data = urlencode(body).encode()
    elif call.body == "multipart":
        media_type, data = encoded(body)
    if len(data) > service.base.max_body_bytes:
        raise InvalidArgumentError(
            f"{service.whose} is sent at most {service.base.max_body_bytes} bytes, not {len(data)}."
        )
    head += f"Content-Type: {media_type}\r\n" if media_type else ""
    head += f"Content-Length: {len(data)}\r\n" if call.method in _WITH_BODY else ""
    return f"{head}\r\n".encode("latin-1") + data


async def _asked(service: _Service, pool: Pool, call: RestCall, request: bytes) -> Answer:
    fail = partial(silent, service.whose, call)
    most = service.base.max_answer_bytes
    try:
        async with asyncio.timeout(service.base.timeout_s):
            answer = await pool.ask(call.method, request, most)
        if b"content-encoding" in answer.fields:
            answer.body = await asyncio.to_thread(unpacked, answer, most)
    except TimeoutError as error:
        raise fail(f"it did not answer within {service.base.timeout_s:g} s") from error
    except BrokenConnectionError as error:
        raise fail("the connection broke") from error
    except ForbiddenAddressError as error:
        raise fail("its name means an address that may not be called", repeat=False) from error
    except ssl.SSLCertVerificationError as error:
        raise fail("its certificate is not trusted", repeat=False) from error
    except ProxyRefusedError as error:
        raise fail(str(error), repeat=False) from error
    except OSError as error:
        raise fail("no connection could be made") from error
    except MalformedAnswerError as error:
        raise fail("what it answered is not HTTP", repeat=False) from error
    except LargeAnswerError as error:
        raise fail(f"its answer is larger than {most} bytes", repeat=False) from error
    return answer
