"""A running shop and a visitor."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from octoperf_mcp.demo.shop import RunningShop, start_shop


@pytest.fixture
async def shop() -> AsyncIterator[RunningShop]:
    running = await start_shop()
    yield running
    await running.close()


@pytest.fixture
async def visitor(shop: RunningShop) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser-like client: keeps cookies (of a bare address too), follows no redirect itself."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(shop.url, cookie_jar=jar) as client:
        yield client
