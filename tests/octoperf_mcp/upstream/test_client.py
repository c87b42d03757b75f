"""The REST client: registered calls only, the caller's token, failures an agent can act on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp import errors
from octoperf_mcp.config import UpstreamSettings
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.upstream.client import RestClient, UnregisteredCallError

GET = RestCall("GET", "/things/{thingId}", query=("nameContains", "all"), answer="Thing")
PUT = RestCall("PUT", "/things/{thingId}", body="json", answer="Thing")
POST = RestCall("POST", "/things", body="json", answer="Thing")
TEXT = RestCall("GET", "/text", answer="text")
CALLER = Caller("u1", "c1", frozenset({"octoperf:read"}), "t0ken", 0)


class Upstream:
    """A REST API that answers what the test says and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[web.StreamResponse | None] = []
        self.requests: list[tuple[str, str, str | None, bytes]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(
            (
                request.method,
                request.raw_path,
                request.headers.get("Authorization"),
                await request.read(),
            )
        )
        answer = self.answers.pop(0)
        if answer is None:
            assert request.transport
            request.transport.abort()
            return web.Response()
        return answer


@pytest.fixture
async def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[RestClient]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", upstream.handle)
    server = TestServer(app)
    await server.start_server()
    registered = frozenset({GET, PUT, POST, TEXT})
    settings = UpstreamSettings(max_answer_bytes=1000)
    client = RestClient(str(server.make_url("")).rstrip("/"), registered, settings)
    yield client
    await client.close()
    await server.close()


async def test_the_callers_token_goes_with_each_call(
    client: RestClient, upstream: Upstream
) -> None:
    upstream.answers = [web.json_response({"id": 1})]
    assert await client.call(GET, CALLER, {"thing_id": "a"}) == {"id": 1}
    assert upstream.requests[0][2] == "Bearer t0ken"


async def test_ids_and_query_values_are_quoted_and_none_is_left_out(
    client: RestClient, upstream: Upstream
) -> None:
    upstream.answers = [web.json_response({})]
    values = {"thing_id": "a/../b?c#d", "name_contains": "x y&z", "all": None}
    await client.call(GET, CALLER, values)
    assert upstream.requests[0][1] == "/things/a%2F..%2Fb%3Fc%23d?nameContains=x+y%26z"


@pytest.mark.parametrize("bad", ["", ".", ".."])
async def test_a_path_that_an_id_would_change_is_never_requested(
    client: RestClient, upstream: Upstream, bad: str
) -> None:
    with pytest.raises(errors.NotFoundError):
        await client.call(GET, CALLER, {"thing_id": bad})
    assert upstream.requests == []


async def test_a_call_that_nobody_registered_is_refused(client: RestClient) -> None:
    with pytest.raises(UnregisteredCallError, match="GET /secrets"):
        await client.call(RestCall("GET", "/secrets"), CALLER, {})


async def test_a_body_is_sent_as_json(client: RestClient, upstream: Upstream) -> None:
    upstream.answers = [web.json_response({})]
    await client.call(PUT, CALLER, {"thing_id": "a"}, {"name": "é"})
    assert upstream.requests[0][3] == '{"name":"é"}'.encode()


async def test_a_text_answer_stays_text(client: RestClient, upstream: Upstream) -> None:
    upstream.answers = [web.Response(text="7f")]
    assert await client.call(TEXT, CALLER, {}) == "7f"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidDocumentError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (410, errors.GoneError),
        (412, errors.ConflictError),
        (422, errors.InvalidDocumentError),
        (429, errors.RateLimitedError),
        (500, errors.UnavailableError),
        (503, errors.UnavailableError),
        (418, errors.UpstreamError),
        (302, errors.UnavailableError),
    ],
)
async def test_each_status_is_an_error_of_its_kind(
    client: RestClient, upstream: Upstream, status: int, kind: type[errors.UpstreamError]
) -> None:
    answer = {"message": "Said so"}
    upstream.answers = [web.json_response(answer, status=status) for _ in range(3)]
    with pytest.raises(kind) as caught:
        await client.call(GET, CALLER, {"thing_id": "a"})
    assert caught.value.status == status
    assert caught.value.endpoint == "GET /things/{thingId}"


async def test_a_refused_token_is_a_matter_of_sign_in(
    client: RestClient, upstream: Upstream
) -> None:
    upstream.answers = [web.Response(status=401)]
    with pytest.raises(errors.InvalidTokenError):
        await client.call(GET, CALLER, {"thing_id": "a"})


async def test_html_and_traces_of_the_upstream_never_pass(
    client: RestClient, upstream: Upstream
) -> None:
    page = "<html><body>java.lang.NullPointerException at com.octoperf</body></html>"
    trace: dict[str, Any] = {"message": "NullPointerException", "trace": "at com.octoperf"}
    upstream.answers = [
        web.Response(status=404, text=page, content_type="text/html"),
        web.json_response(trace, status=500),
        web.Response(text=page),
    ]
    for _ in range(3):
        with pytest.raises(errors.UpstreamError) as caught:
            await client.call(GET, CALLER, {"thing_id": "a"})
        shown = f"{caught.value.message} {caught.value.next_step} {caught.value.details}"
        assert "java" not in shown
        assert "NullPointer" not in shown


async def test_what_the_platform_says_of_a_refused_document_is_passed_on(
    client: RestClient, upstream: Upstream
) -> None:
    told = {"message": "No", "pointer": "/children/0", "expected": "a string", "trace": "x"}
    upstream.answers = [web.json_response(told, status=400)]
    with pytest.raises(errors.InvalidDocumentError, match="No") as caught:
        await client.call(PUT, CALLER, {"thing_id": "a"}, {})
    assert caught.value.details == {"pointer": "/children/0", "expected": "a string", "status": 400}


async def test_retry_after_is_told_in_seconds(client: RestClient, upstream: Upstream) -> None:
    upstream.answers = [web.Response(status=429, headers={"Retry-After": "7"})]
    with pytest.raises(errors.RateLimitedError) as caught:
        await client.call(GET, CALLER, {"thing_id": "a"})
    assert caught.value.details["retryAfterSec"] == 7


async def test_a_read_is_repeated_once_when_the_connection_breaks(
    client: RestClient, upstream: Upstream
) -> None:
    upstream.answers = [None, web.json_response({"id": 2})]
    assert await client.call(GET, CALLER, {"thing_id": "a"}) == {"id": 2}


async def test_a_post_is_never_repeated(client: RestClient, upstream: Upstream) -> None:
    upstream.answers = [None]
    with pytest.raises(errors.UnavailableError):
        await client.call(POST, CALLER, {}, {})
    assert len(upstream.requests) == 1


async def test_an_upstream_that_is_down_is_unavailable() -> None:
    client = RestClient("http://127.0.0.1:1", frozenset({GET}), UpstreamSettings())
    with pytest.raises(errors.UnavailableError, match="could not be reached"):
        await client.call(GET, CALLER, {"thing_id": "a"})
    await client.close()


async def test_an_answer_above_the_limit_is_not_read_to_its_end(
    client: RestClient, upstream: Upstream
) -> None:
    upstream.answers = [web.json_response({"x": "y" * 2000})]
    with pytest.raises(errors.UnavailableError, match="larger than 1000 bytes"):
        await client.call(GET, CALLER, {"thing_id": "a"})


async def test_a_compressed_answer_is_read(client: RestClient, upstream: Upstream) -> None:
    answer = web.json_response({"x": "y" * 900})
    answer.enable_compression(web.ContentCoding.gzip)
    upstream.answers = [answer]
    assert await client.call(GET, CALLER, {"thing_id": "a"}) == {"x": "y" * 900}


async def test_a_small_answer_that_unpacks_to_a_large_one_is_refused(
    client: RestClient, upstream: Upstream
) -> None:
    answer = web.json_response({"x": "y" * 2_000_000})
    answer.enable_compression(web.ContentCoding.gzip)
    upstream.answers = [answer]
    with pytest.raises(errors.UnavailableError, match="larger"):
        await client.call(GET, CALLER, {"thing_id": "a"})


async def test_a_token_never_adds_fields_to_a_request(
    client: RestClient, upstream: Upstream
) -> None:
    caller = Caller("u1", "c1", frozenset(), "t\r\nX-Admin: 1", 0)
    with pytest.raises(errors.InvalidTokenError):
        await client.call(GET, caller, {"thing_id": "a"})
    assert upstream.requests == []


async def test_an_upstream_that_speaks_no_http_is_unavailable() -> None:
    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n\r\n")
        writer.close()

    listener = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        client = RestClient(f"http://127.0.0.1:{port}", frozenset({GET}), UpstreamSettings())
        with pytest.raises(errors.UnavailableError, match=r"not HTTP|broke"):
            await client.call(GET, CALLER, {"thing_id": "a"})
        await client.close()
