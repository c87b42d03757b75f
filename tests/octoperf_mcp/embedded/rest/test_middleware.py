"""Credentials, scopes and the one shape of errors."""

import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from octoperf_mcp.embedded.importers.values import MAX_DEPTH
from octoperf_mcp.embedded.platform import PLATFORM, Platform
from octoperf_mcp.embedded.rest import middleware

SHAPE = {"timestamp", "status", "error", "message", "path"}


async def test_a_call_without_a_credential_is_challenged(anybody: Any) -> None:
    """The Jenkins client signs in only after a 401 challenge."""
    for headers in ({}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic YTpi"}):
        answer = await anybody.call("GET", "/workspaces/member-of", headers=headers)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        body = await answer.json()
        assert set(body) == SHAPE
        assert (body["status"], body["error"], body["path"]) == (
            401,
            "Unauthorized",
            "/workspaces/member-of",
        )


async def test_the_scheme_is_read_whatever_its_case(anybody: Any) -> None:
    answer = await anybody.call(
        "GET", "/users/current", headers={"Authorization": "bearer ada-token"}
    )
    assert answer.status == 200


async def test_an_unknown_address_says_nothing_to_strangers(anybody: Any, ada: Any) -> None:
    assert (await anybody.call("GET", "/design/nothing")).status == 401
    answer = await ada.call("GET", "/design/nothing")
    assert answer.status == 404
    assert set(await answer.json()) == SHAPE


async def test_a_wrong_method_names_the_right_ones(ada: Any) -> None:
    answer = await ada.call("PATCH", "/workspaces/w")
    assert answer.status == 405
    assert set(answer.headers["Allow"].split(",")) == {"DELETE", "GET", "HEAD", "PUT"}
    assert set(await answer.json()) == SHAPE


async def test_reading_needs_a_scope_and_writing_another(ada: Any, client: Any, home: Any) -> None:
    listing = f"/design/http-servers/by-project/{home.project_id}"
    for token, reads, writes in (("ada-reads", 200, 403), ("ada-nothing", 403, 403)):
        headers = {"Authorization": f"Bearer {token}"}
        assert (await client.get(listing, headers=headers)).status == reads
        several = await client.post("/design/http-servers/by-projects", json=[], headers=headers)
        assert several.status == reads
        refused = await client.post("/workspaces", json={"name": "w"}, headers=headers)
        assert refused.status == writes
        assert refused.headers["WWW-Authenticate"] == (
            'Bearer error="insufficient_scope", scope="octoperf:write"'
        )


async def test_answers_are_sorted_json_without_a_charset(ada: Any, home: Any) -> None:
    """What every answer has in common."""
    answer = await ada.call("GET", f"/design/projects/{home.project_id}")
    assert answer.headers["Content-Type"] == "application/json"
    names = list(json.loads(await answer.text()))
    assert names == sorted(names)


async def test_a_body_that_is_no_json_is_answered_with_the_decoders_message(ada: Any) -> None:
    answer = await ada.call("POST", "/workspaces", data=b'{"name": nope}')
    assert answer.status == 400
    assert "line 1 column" in (await answer.json())["message"]
    for body in (b"", b"[]", b'{"name": NaN}'):
        assert (await ada.call("POST", "/workspaces", data=body)).status == 400


async def test_deep_and_large_bodies_are_refused(ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    body = f'{{"name": "w", "extra": {deep}}}'
    answer = await ada.call("POST", "/workspaces", data=body)
    assert answer.status == 413
    assert "levels" in (await answer.json())["message"]
    monkeypatch.setattr("octoperf_mcp.embedded.rest.bodies.MAX_JSON_BYTES", 100)
    for data in (b"x" * 101, aiter_of(b"x" * 60, b"x" * 60)):
        answer = await ada.call("POST", "/workspaces", data=data)
        assert answer.status == 413
        assert set(await answer.json()) == SHAPE


async def aiter_of(*parts: bytes) -> Any:
    for part in parts:
        yield part


async def test_a_mismatch_tells_a_model_what_to_mend(ada: Any, example: Any) -> None:
    document = example("virtual_user")
    document["children"][0]["@type"] = "HttpAction"
    body = await ada.post("/design/virtual-users", document, status=400)
    assert body["pointer"] == "/children/0/@type"
    assert body["schema"] == "octoperf://schema/vu"
    assert "HttpRequestAction" in body["allowed"]
    assert body["message"].startswith("The document is invalid at /children/0/@type")


async def test_what_breaks_inside_stays_inside(platform: Platform) -> None:
    async def breaks(request: web.Request) -> web.Response:
        raise ZeroDivisionError("secret")

    async def foreign(request: web.Request) -> web.Response:
        raise web.HTTPConflict

    app = web.Application(middlewares=[middleware.rest_middleware])
    app[PLATFORM] = platform
    app.add_routes([web.get("/public/breaks", breaks), web.get("/mcp", foreign)])
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/public/breaks")
        assert answer.status == 500
        assert "secret" not in await answer.text()
        assert set(await answer.json()) == SHAPE
        other = await client.get("/mcp")
        assert (other.status, other.content_type) == (409, "text/plain")


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("/workspaces", True),
        ("/workspaces/x", True),
        ("/public/users/login", True),
        ("/capabilities", True),
        ("/mcp", False),
        ("/mcp/public/x", False),
        ("/ui/workspace/w", False),
        ("/auth/token", False),
        ("/", False),
    ],
)
def test_only_the_roots_of_the_rest_api_are_touched(path: str, ours: bool) -> None:
    assert middleware.is_rest(path) is ours
