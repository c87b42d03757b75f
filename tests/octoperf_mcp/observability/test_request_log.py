"""What the line of a request says, and what it never says."""

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

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
