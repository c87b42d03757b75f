"""`octoperf-mcp demo`: the main job on a fresh embedded platform, checked step by step."""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from octoperf_mcp.cli.main import FAILED
from octoperf_mcp.config import LogSettings, Settings, load_settings
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import Registry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "--keep",
        action="store_true",
        help="leave the server running afterwards and print how to connect a client",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="port to listen on (default: a free one)"
    )


def run(args: argparse.Namespace) -> int:
    """Run the demo; the status is 0 only if every check held."""
    from octoperf_mcp.observability.logs import configure_logs

    configure_logs(LogSettings(level="error"))
    settings = load_settings(flags={"server": {"port": args.port, "host": "127.0.0.1"}}, environ={})
    with tempfile.TemporaryDirectory(prefix="octoperf-mcp-demo-") as folder:
        return asyncio.run(_demo(settings, load_registry(), Path(folder), keep=args.keep))


async def _demo(settings: Settings, registry: Registry, folder: Path, *, keep: bool) -> int:
    from octoperf_mcp.cli.agent import connected
    from octoperf_mcp.cli.serving import serving
    from octoperf_mcp.cli.sign_in import FormSignIn
    from octoperf_mcp.demo.actors import DemoError
    from octoperf_mcp.demo.display import display_for_output
    from octoperf_mcp.demo.job import Job
    from octoperf_mcp.demo.report import report_of
    from octoperf_mcp.demo.shop import start_shop

    started = time.monotonic()
    shop = await start_shop()
    try:
        async with serving(settings, registry, folder) as server:
            first = server.first_start
            if first is None:
                raise DemoError("The fresh platform made no user.")
            sign_in = FormSignIn(first.username, first.password)
            with display_for_output() as display:
                async with connected(server.url, sign_in, client_name="octoperf-mcp demo") as agent:
                    found = await Job(agent, shop, sign_in, display).run()
            print(report_of(found, time.monotonic() - started))
            if keep:
                await _keep(server.url, first.username, first.password)
    finally:
        await shop.close()
    return FAILED if found.failed else 0


async def _keep(url: str, username: str, password: str) -> None:
    from octoperf_mcp.cli.connect import instructions
    from octoperf_mcp.cli.serving import until_signal
    from octoperf_mcp.registry.client_setups import setups

    print(f"\nThe server keeps running at {url}; sign in as {username}, password {password}")
    print("(pages and clients ask for it). Connect a client:\n")
    print("\n\n".join(instructions(setup, url) for setup in setups(url).values()))
    print("\nCtrl-C ends it; its data goes with it.", flush=True)
    await until_signal()
