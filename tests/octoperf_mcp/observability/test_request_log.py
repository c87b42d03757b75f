"""What the line of a request says, and what it never says."""

import orjson
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from octoperf_mcp.config import LogSettings
from octoperf_mcp.observability import request_log as request_log_module
from octoperf_mcp.observability.logs import configure_logs
from octoperf_mcp.observability.request_log import request_log


@pytest.mark.parametrize("outcome", ["answers", "breaks"])
async def test_the_token_of_a_presigned_address_is_not_logged(outcome: str) -> None:
    """Promise 5 of the design: a signed address never reaches a log."""

    async def handler(request: web.Request) -> web.Response:
        if outcome == "breaks":
            raise web.HTTPInternalServerError
        return web.Response(status=500)

    app = web.Application(middlewares=[request_log(lambda request: {})])
    app.router.add_get("/public/presigned/{token}", handler)
    with structlog.testing.capture_logs() as lines:
        async with TestClient(TestServer(app)) as client:
            await client.get("/public/presigned/spent-token")
    assert [line["path"] for line in lines] == ["/public/presigned/…"]
    assert "spent-token" not in str(lines)


async def test_lines_of_json_have_what_differs_and_what_repeats(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    # a logger keeps the configuration that it was first used with
    monkeypatch.setattr(request_log_module, "_log", structlog.get_logger())

    async def handler(_request: web.Request) -> web.Response:
        return web.Response()

    configure_logs(LogSettings(format="json"))
    try:
        described = iter([{"tool": "a", "trace_id": "ab"}, {"tool": "a"}, {"tool": "b"}])
        app = web.Application(middlewares=[request_log(lambda request: next(described))])
        app.router.add_get("/mcp/{below}", handler)
        async with TestClient(TestServer(app)) as client:
            for path in ("/mcp/x", "/mcp/x", "/mcp/" + "x" * 400):
                await client.get(path)
    finally:
        structlog.reset_defaults()
    lines = [orjson.loads(line) for line in capfdbinary.readouterr().err.splitlines()]
    assert [(line["tool"], line.get("trace_id"), len(line["path"])) for line in lines] == [
        ("a", "ab", 6),
        ("a", None, 6),
        ("b", None, 405),
    ]
    assert len({line["request_id"] for line in lines}) == len(lines)
    assert {(line["event"], line["level"], line["http_status"]) for line in lines} == {
        ("request", "info", 200)
    }
