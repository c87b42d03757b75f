"""The recorded shop, replayed: forbidden as it is, served once its token is correlated.

A tiny client plays the requests: its only knowledge is `${name}` and the planted extractors, which
it runs by the load engine's code.
"""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from octoperf_mcp.demo.shop import RunningShop, start_shop
from octoperf_mcp.demo.shop_recording import recording as har
from octoperf_mcp.embedded.correlation.extraction import Search
from octoperf_mcp.embedded.correlation.sandbox import apply_in_process
from octoperf_mcp.embedded.engine.wire.exchange import Exchange
from octoperf_mcp.embedded.importers.har import import_har

Json = dict[str, Any]


@pytest.fixture
async def shop() -> AsyncIterator[RunningShop]:
    running = await start_shop()
    yield running
    await running.close()


async def replay(virtual_user: Json, url: str) -> list[tuple[str, str, int, int]]:
    """Method, path, recorded and replayed status of each request."""
    variables: dict[str, str] = {}
    played = []

    def rendered(text: str) -> str:
        return re.sub(r"\$\{(\w+)\}", lambda m: variables.get(m[1], m[0]), text)

    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(url, cookie_jar=jar) as client:
        for container in virtual_user["children"]:
            for node in container["children"]:
                form = (node["postData"] or {}).get("parameters", [])
                async with client.request(
                    node["method"],
                    node["path"],
                    params=[(p["name"], p["value"]) for p in node["parameters"]],
                    headers=[(h["name"], rendered(h["value"])) for h in node["headers"]],
                    data=[(p["name"], rendered(p["value"])) for p in form] or None,
                    allow_redirects=False,
                ) as answer:
                    live = Exchange("", "", [], b"", 0, answer.status, _text=await answer.text())
                recorded = node["recordedResponse"]["status"]
                played.append((node["method"], node["path"], recorded, live.status))
                for child in node["children"]:
                    values, _ = Search({"extractor": child}).matches(live)
                    variables.update((child["variable"], value) for value in values)
    return played


async def test_a_replay_as_recorded_is_forbidden(shop: RunningShop) -> None:
    played = await replay(import_har(har()).virtual_users[0], shop.url)
    assert [path for _, path, _, live in played if live == 403] == [
        "/login",
        "/api/stock",
        "/cart/add",
        "/order",
        "/logout",
    ]


async def test_one_rule_for_the_token_makes_every_request_answer_as_recorded(
    shop: RunningShop, rule: Callable[..., Json]
) -> None:
    imported = import_har(har())
    csrf = rule("PostParamValue", "HeaderValue", name="csrf", regexp=r'name="csrf" value="([^"]+)"')
    applied = await apply_in_process(imported.virtual_users[0], [csrf], imported.blobs)
    assert applied.notes == []
    injected = [one["where"] for one in applied.changes if one["change"] == "INJECT"]
    assert sorted(set(injected)) == [
        "value of header X-CSRF-Token",
        "value of post parameter csrf",
    ]
    for number in (1, 2):
        played = await replay(applied.virtual_user, shop.url)
        assert [(m, p, live) for m, p, _, live in played] == [
            (m, p, rec) for m, p, rec, _ in played
        ]
        assert shop.total() == number * len(played)
