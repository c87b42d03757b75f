"""The demo shop, from outside: what a load test relies on."""

import asyncio
import re

import aiohttp
import pytest

from octoperf_mcp.demo.shop import RunningShop, start_shop
from octoperf_mcp.demo.shop_state import Counts, Sessions

PASSWORD = "lamplight"


async def token_on(visitor: aiohttp.ClientSession, path: str) -> str:
    async with visitor.get(path) as answer:
        found = re.search(r'name="csrf" value="([0-9a-f]{32})"', await answer.text())
    assert found is not None
    return found[1]


async def post(visitor: aiohttp.ClientSession, path: str, **fields: str) -> tuple[int, str]:
    async with visitor.post(path, data=fields, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "")


async def test_a_visitor_signs_in_fills_the_cart_orders_and_leaves(
    shop: RunningShop, visitor: aiohttp.ClientSession
) -> None:
    csrf = await token_on(visitor, "/login")
    signed_in = await post(visitor, "/login", user="ada", password=PASSWORD, csrf=csrf)
    assert signed_in == (302, "/")
    async with visitor.get("/search", params={"q": "LAMP"}) as answer:
        assert "Desk lamp Oslo" in await answer.text()
    csrf = await token_on(visitor, "/product/lamp-oslo")
    added = await post(visitor, "/cart/add", sku="lamp-oslo", quantity="2", csrf=csrf)
    assert added == (302, "/cart")
    async with visitor.get(
        "/api/stock", params={"sku": "lamp-oslo"}, headers={"X-CSRF-Token": csrf}
    ) as answer:
        assert await answer.json() == {"sku": "lamp-oslo", "available": 120}
    async with visitor.get("/cart") as answer:
        assert "99.80 €" in await answer.text()
    assert await post(visitor, "/order", csrf=csrf) == (302, "/order/confirmation")
    async with visitor.get("/order/confirmation") as answer:
        assert "on its way" in await answer.text()
    assert await post(visitor, "/logout", csrf=csrf) == (302, "/")
    assert shop.counts()["POST", "/order", 302] == 1


@pytest.mark.parametrize("path", ["/login", "/logout", "/cart/add", "/order"])
@pytest.mark.parametrize("token", [None, "", "0" * 32, "é"])
async def test_a_form_with_a_missing_or_foreign_token_is_forbidden(
    visitor: aiohttp.ClientSession, path: str, token: str | None
) -> None:
    await token_on(visitor, "/login")
    fields = {"user": "ada", "password": PASSWORD}
    if token is not None:
        fields["csrf"] = token
    assert (await post(visitor, path, **fields))[0] == 403


async def test_the_token_changes_when_the_visitor_signs_in(
    visitor: aiohttp.ClientSession,
) -> None:
    before = await token_on(visitor, "/login")
    await post(visitor, "/login", user="ada", password=PASSWORD, csrf=before)
    assert await token_on(visitor, "/product/lamp-oslo") != before
    assert (await post(visitor, "/cart/add", sku="lamp-oslo", quantity="1", csrf=before))[0] == 403


async def test_a_token_without_its_session_cookie_is_forbidden(
    shop: RunningShop, visitor: aiohttp.ClientSession
) -> None:
    csrf = await token_on(visitor, "/login")
    async with aiohttp.ClientSession(shop.url) as stranger:
        assert (await post(stranger, "/login", user="ada", password=PASSWORD, csrf=csrf))[0] == 403


async def test_the_stock_service_wants_the_token_in_its_header(
    visitor: aiohttp.ClientSession,
) -> None:
    csrf = await token_on(visitor, "/login")
    async with visitor.get("/api/stock?sku=lamp-oslo") as answer:
        assert answer.status == 403
    headers = {"X-CSRF-Token": csrf}
    async with visitor.get("/api/stock?sku=nothing", headers=headers) as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/login", {"user": "ada", "password": "guess"}, 401),
        ("/login", {"user": "mallory", "password": ""}, 401),
        ("/cart/add", {"sku": "lamp-oslo", "quantity": "10"}, 422),
        ("/cart/add", {"sku": "lamp-oslo", "quantity": "-1"}, 422),
        ("/cart/add", {"sku": "unknown", "quantity": "1"}, 422),
    ],
)
async def test_wrong_fields_are_refused_with_a_page(
    visitor: aiohttp.ClientSession, path: str, fields: dict[str, str], status: int
) -> None:
    csrf = await token_on(visitor, "/login")
    assert (await post(visitor, path, csrf=csrf, **fields))[0] == status


async def test_an_order_needs_a_customer_and_a_filled_cart(visitor: aiohttp.ClientSession) -> None:
    csrf = await token_on(visitor, "/login")
    assert await post(visitor, "/order", csrf=csrf) == (302, "/login")
    await post(visitor, "/login", user="ada", password=PASSWORD, csrf=csrf)
    csrf = await token_on(visitor, "/product/lamp-oslo")
    assert (await post(visitor, "/order", csrf=csrf))[0] == 409
    async with visitor.get("/order/confirmation") as answer:
        assert answer.status == 404


async def test_what_a_visitor_types_is_text_on_the_page(visitor: aiohttp.ClientSession) -> None:
    async with visitor.get("/search", params={"q": '"><script>x'}) as answer:
        text = await answer.text()
    assert "<script>x" not in text
    assert "&lt;script&gt;x" in text


async def test_every_answer_is_counted_under_its_phase_and_the_counters_are_not(
    shop: RunningShop, visitor: aiohttp.ClientSession
) -> None:
    async with visitor.post("/__counts/mark?name=validation"):
        pass
    for path in ("/", "/", "/nowhere", "/static/shop.css"):
        async with visitor.get(path):
            pass
    async with visitor.put("/"):
        pass
    shop.mark("load")
    await asyncio.gather(*(get(visitor, "/?n=1") for _ in range(50)))
    assert shop.counts("validation") == {
        ("GET", "/", 200): 2,
        ("GET", "/nowhere", 404): 1,
        ("GET", "/static/shop.css", 200): 1,
        ("PUT", "/", 405): 1,
    }
    assert shop.counts("load") == {("GET", "/", 200): 50}
    assert (shop.total("validation"), shop.total("load"), shop.total()) == (5, 50, 55)
    async with visitor.get("/__counts") as answer:
        told = await answer.json()
    assert told["total"] == 55
    assert told["phase"] == "load"
    assert told["phases"][2]["requests"] == [
        {"method": "GET", "path": "/", "status": 200, "count": 50}
    ]


async def get(visitor: aiohttp.ClientSession, path: str) -> None:
    async with visitor.get(path) as answer:
        await answer.read()


async def test_a_page_names_its_style_sheet_image_and_script(
    visitor: aiohttp.ClientSession,
) -> None:
    async with visitor.get("/") as answer:
        text = await answer.text()
    for path in ("/static/shop.css", "/static/lamp.svg", "/static/shop.js"):
        assert f'"{path}"' in text
        async with visitor.get(path) as answer:
            assert answer.status == 200


async def test_an_address_in_use_is_an_os_error(shop: RunningShop) -> None:
    with pytest.raises(OSError, match="in use"):
        await start_shop(port=int(shop.url.rsplit(":", 1)[1]))


def test_sessions_and_counted_paths_are_bounded() -> None:
    sessions = Sessions(limit=3)
    first = sessions.open()
    others = [sessions.open() for _ in range(3)]
    assert len(sessions) == 3
    assert sessions.get(first.id) is None
    assert sessions.get(others[0].id) is others[0]
    counts = Counts()
    for number in range(1500):
        counts.add("", "GET", f"/{number}", 404)
    assert counts.of().total() == 1500
    assert counts.of("")["GET", "(other)", 404] == 500
