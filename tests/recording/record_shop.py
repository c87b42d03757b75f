"""Records the demo shop anew with a real Chromium; nothing needs this at run time.

    apt-get install chromium && pip install playwright
    python tests/recording/record_shop.py

writes `octoperf_mcp/demo/shop.har`, with the response bodies. The shop listens on a free port of
the loopback; the browser is told that this is http://shop.example:8888, so that the recording is
the same on every machine. `octoperf_mcp.demo.shop_recording` names the steps.
"""

import argparse
import asyncio
import importlib
from pathlib import Path
from typing import Any

import octoperf_mcp.demo
from octoperf_mcp.demo.shop import start_shop

ORIGIN = "http://shop.example:8888"
PAUSE_MS = 300
TARGET = Path(octoperf_mcp.demo.__path__[0]) / "shop.har"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


async def journey(page: Any) -> None:
    """Home, sign in, search, product, stock, cart, order, sign out, with pauses between."""
    await page.goto(f"{ORIGIN}/", wait_until="networkidle")
    await page.wait_for_timeout(PAUSE_MS)
    await page.get_by_role("link", name="Sign in").click()
    await page.get_by_label("User").fill("ada")
    await page.get_by_label("Password").fill("lamplight")
    await page.wait_for_timeout(PAUSE_MS)
    await page.get_by_role("main").get_by_role("button", name="Sign in").click()
    await page.get_by_text("Welcome, ada").wait_for()
    await page.wait_for_timeout(PAUSE_MS)
    await page.get_by_label("Search").fill("lamp")
    await page.get_by_role("button", name="Search").click()
    await page.wait_for_timeout(PAUSE_MS)
    await page.get_by_role("link", name="Desk lamp Oslo").click()
    await page.wait_for_timeout(PAUSE_MS)
    await page.get_by_role("button", name="Check stock").click()
    await page.get_by_text("in stock").wait_for()
    await page.wait_for_timeout(PAUSE_MS)
    await page.get_by_label("Pieces").fill("2")
    await page.get_by_role("button", name="Add to cart").click()
    await page.get_by_role("button", name="Order").wait_for()
    await page.wait_for_timeout(PAUSE_MS)
    await page.get_by_role("button", name="Order").click()
    await page.get_by_text("on its way").wait_for()
    await page.wait_for_timeout(PAUSE_MS)
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("link", name="Sign in").wait_for()
    await page.wait_for_timeout(PAUSE_MS)


async def record(target: Path, chromium: str) -> None:
    """Play the journey once and write the file `target`."""
    # not a dependency: only who records installs it
    playwright: Any = importlib.import_module("playwright.async_api")
    shop = await start_shop()
    port = shop.url.rsplit(":", 1)[1]
    rule = f"--host-resolver-rules=MAP shop.example:8888 127.0.0.1:{port}"
    async with playwright.async_playwright() as tool:
        browser = await tool.chromium.launch(executable_path=chromium, args=[*FLAGS, rule])
        context = await browser.new_context(
            record_har_path=target,
            record_har_content="embed",
            record_har_mode="full",
            locale="en-US",
        )
        await journey(await context.new_page())
        await context.close()
        await browser.close()
    await shop.close()


def main() -> None:
    """Read the arguments and record."""
    parser = argparse.ArgumentParser(description="Record the demo shop with Chromium.")
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="browser to use")
    parser.add_argument("--target", type=Path, default=TARGET, help="file to write")
    arguments = parser.parse_args()
    asyncio.run(record(arguments.target, arguments.chromium))


if __name__ == "__main__":
    main()
