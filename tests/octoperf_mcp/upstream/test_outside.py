"""Calls of plugins to services of their own: where they may go, what they carry, how they fail."""

import asyncio
import types
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp import BaseAddress, ConfigSection, RestCall, Secret, described, errors, hookimpl
from octoperf_mcp.auth.hosts import is_loopback
from octoperf_mcp.config import load_settings
from octoperf_mcp.observability.metrics import Metrics
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.upstream import outside
from octoperf_mcp.upstream.client import UnregisteredCallError
from octoperf_mcp.upstream.outside import OutsideCalls

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CHAT = BaseAddress("chat", setting="url", token_setting="token", timeout_s=5, max_answer_bytes=500)
SAY = RestCall("POST", "", body="json", answer="text", base=CHAT)
FIND = RestCall("GET", "/people/{personId}", query=("all",), answer="Person", base=CHAT)
SHORT = BaseAddress("short", setting="url", timeout_s=0.05, max_body_bytes=10)
SAY_SHORT = RestCall("POST", "/say", body="json", base=SHORT)
FIXED = BaseAddress("fixed", url="https://metadata.test")
GET_FIXED = RestCall("GET", "/", base=FIXED)
PATH = "/hooks/T0SECRET/B0SECRET"
TOKEN = "the-operators-own-key"


@dataclass(frozen=True)
class ChatSettings:
    """Where to talk."""

    url: Secret = described("Address.", factory=Secret)
    token: Secret = described("Key.", factory=Secret)


def plugin() -> Registry:
    module: Any = types.ModuleType("chatty")
    module.register_config = hookimpl(lambda: [ConfigSection("chatty", ChatSettings)])
    module.register_rest_calls = hookimpl(lambda: [SAY, FIND, SAY_SHORT, GET_FIXED])
    return load_registry(installed=False, extra=[module])


@asynccontextmanager
async def calling(url: str, token: str = "") -> AsyncIterator[tuple[OutsideCalls, Metrics]]:
    registry = plugin()
    environ = {"OCTOPERF_MCP_CHATTY_URL": url, "OCTOPERF_MCP_CHATTY_TOKEN": token}
    sections = {one.name: one.settings for one in registry.config_sections}
    metrics = Metrics({})
    calls = OutsideCalls(load_settings(environ=environ, sections=sections), metrics)
    made = registry.routes["chatty"].values()
    problems = calls.register(registry, {call: call for call in made})
    if problems:
        raise errors.ConfigError(problems[0])
    yield calls, metrics
    await calls.close()


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    server = TestServer(app)
    await server.start_server()
    yield f"http://127.0.0.1:{server.port}{PATH}"
    await server.close()


async def test_a_call_carries_the_operators_token_and_nothing_of_the_callers() -> None:
    seen: list[Any] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.method, request.raw_path, dict(request.headers), await request.read()))
        if request.method == "GET":
            return web.json_response({"name": "Ann"})
        return web.Response(text="ok", content_type="text/html")  # as Slack answers

    async with serving(answer) as url, calling(f"{url}?sig=abcdef", TOKEN) as (calls, metrics):
        assert await calls.call(SAY, {}, {"text": "hello"}) == "ok"
        assert await calls.call(FIND, {"person_id": "a/b", "all": True}) == {"name": "Ann"}
    method, path, fields, body = seen[0]
    assert (method, path, body) == ("POST", f"{PATH}?sig=abcdef", b'{"text":"hello"}')
    assert fields["Authorization"] == f"Bearer {TOKEN}"
    assert sorted(fields) == [
        *("Accept", "Accept-Encoding", "Authorization", "Content-Length", "Content-Type"),
        *("Host", "User-Agent"),
    ]
    assert seen[1][1] == f"{PATH}/people/a%2Fb?sig=abcdef&all=true"
    told = metrics.text().decode()
    assert 'call="POST chat:",plugin="chatty",status="2xx"' in told
    assert "T0SECRET" not in told


async def test_a_service_without_an_address_is_not_offered_and_says_who_mends_it() -> None:
    async with calling("") as (calls, _):
        assert calls.offered == {"GET fixed:/"}
        with pytest.raises(errors.UnavailableError, match="not configured") as caught:
            await calls.call(SAY, {}, {})
    assert "[chatty] url" in caught.value.next_step
    async with calling("https://chat.test") as (calls, _):
        assert calls.offered >= {"POST chat:", "GET chat:/people/{personId}"}


@pytest.mark.parametrize(
    "url",
    [
        "chat.test/x",
        "ftp://chat.test",
        "https://user:pass@chat.test",
        "https://chat.test/#here",
        "https://chat.test:port/",
        "https://ch at.test/",
        "http://169.254.169.254/latest",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "http://0.0.0.0/",
    ],
)
async def test_an_impossible_address_is_a_mistake_of_the_configuration(url: str) -> None:
    with pytest.raises(errors.ConfigError) as caught:
        async with calling(url):
            """Not reached."""
    assert "[chatty] url (environment OCTOPERF_MCP_CHATTY_URL) must be" in caught.value.message
    assert url not in caught.value.message


@pytest.mark.parametrize(
    ("host", "address", "reached"),
    [
        ("chat.test", "127.0.0.1", False),
        ("chat.test", "::ffff:127.0.0.1", False),
        ("chat.test", "169.254.169.254", False),
        ("chat.test", "64:ff9b::a9fe:a9fe", False),
        ("chat.test", "10.1.2.3", True),
        ("chat.test", "1.1.1.1", True),
        ("localhost", "127.0.0.1", True),
        ("localhost", "169.254.169.254", False),
    ],
)
def test_where_a_name_of_the_operators_may_lead(host: str, address: str, reached: bool) -> None:
    loopback = is_loopback(host)
    assert outside._permitted(address, named=True, loopback=loopback) is reached


@pytest.mark.parametrize(
    ("address", "reached"),
    [("1.1.1.1", True), ("10.1.2.3", False), ("127.0.0.1", False), ("169.254.169.254", False)],
)
def test_where_a_plugins_fixed_address_may_lead(address: str, reached: bool) -> None:
    assert outside._permitted(address, named=False, loopback=True) is reached


async def test_a_name_that_leads_inside_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()

    async def found(*_: Any, **__: Any) -> Any:
        return [(2, 1, 6, "", ("1.1.1.1", 443)), (2, 1, 6, "", ("169.254.169.254", 443))]

    monkeypatch.setattr(loop, "getaddrinfo", found)
    async with calling("") as (calls, _):
        with pytest.raises(errors.UnreachableError, match="address that may not be called"):
            await calls.call(GET_FIXED, {})


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        (302, errors.UnavailableError, "redirects"),
        (400, errors.InvalidDocumentError, "refuses (HTTP 400): invalid_payload"),
        (401, errors.ForbiddenError, "HTTP 401"),
        (404, errors.NotFoundError, "HTTP 404"),
        (429, errors.RateLimitedError, "HTTP 429"),
        (503, errors.UnavailableError, "failed (HTTP 503)."),
    ],
)
async def test_refusals_are_errors_like_those_of_octoperf(
    status: int, kind: type[errors.UpstreamError], text: str
) -> None:
    async def refuse(_request: web.Request) -> web.Response:
        fields = {"Retry-After": "7", "Location": "https://elsewhere.test"}
        return web.Response(status=status, text="invalid_payload", headers=fields)

    async with serving(refuse) as url, calling(url) as (calls, _):
        with pytest.raises(kind) as caught:
            await calls.call(SAY, {}, {})
    assert text in caught.value.message
    assert caught.value.message.startswith("The service chat of the plugin chatty")
    assert caught.value.retry_after_s == 7
    if status in {302, 401, 404}:
        assert "[chatty] url" in caught.value.next_step


@pytest.mark.parametrize("status", [400, 404, 500])
async def test_a_refusal_that_repeats_the_address_or_the_token_is_not_passed_on(
    status: int,
) -> None:
    async def refuse(request: web.Request) -> web.Response:
        text = f"{request.path} {request.headers['Authorization']}"
        return web.json_response({"message": text}, status=status)

    async with serving(refuse) as url, calling(url, TOKEN) as (calls, _):
        with pytest.raises(errors.UpstreamError) as caught:
            await calls.call(SAY, {}, {})
    told = f"{caught.value.message} {caught.value.next_step} {caught.value.details}"
    assert "SECRET" not in told
    assert TOKEN not in told


async def test_a_large_answer_a_large_body_and_silence_have_limits() -> None:
    silence = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/say"):
            await silence.wait()
        return web.Response(text="x" * 501)

    async with serving(answer) as url, calling(url) as (calls, _):
        with pytest.raises(errors.UnavailableError, match="larger than 500 bytes"):
            await calls.call(SAY, {}, {})
        with pytest.raises(errors.InvalidArgumentError, match="at most 10 bytes"):
            await calls.call(SAY_SHORT, {}, "x" * 20)
        with pytest.raises(errors.UnreachableError, match=r"within 0.05 s") as caught:
            await calls.call(SAY_SHORT, {}, "x")
        assert "before you repeat it" in caught.value.next_step
        silence.set()


async def test_a_call_that_nobody_registered_is_not_made() -> None:
    async with calling("https://chat.test") as (calls, _):
        with pytest.raises(UnregisteredCallError):
            await calls.call(RestCall("GET", "/", base=CHAT), {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Chat", "url": "https://a.test"},
        {"name": "chat"},
        {"name": "chat", "url": "https://a.test", "setting": "url"},
        {"name": "chat", "url": "http://a.test"},
        {"name": "chat", "setting": "url", "timeout_s": 61},
        {"name": "chat", "setting": "url", "token_header": "X-Key: {token}\r\nX: y"},
        {"name": "chat", "setting": "url", "token_header": "X-Key"},
    ],
)
def test_a_base_address_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(errors.PluginError, match="base address"):
        BaseAddress(**wrong)


def test_an_address_in_a_setting_that_does_not_exist_breaks_the_plugin() -> None:
    module: Any = types.ModuleType("chatty")
    module.register_rest_calls = hookimpl(lambda: [SAY])
    with pytest.raises(errors.PluginError, match="'url', which its configuration section"):
        load_registry(installed=False, extra=[module])
