"""`octoperf-mcp call`: one tool of a running server, through the official client."""

import argparse
import asyncio
import os
import sys
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson

from octoperf_mcp.cli.main import FAILED, WRONG_USE
from octoperf_mcp.config import ServerSettings
from octoperf_mcp.errors import OctoPerfMcpError
from octoperf_mcp.registry.client_ids import CALLBACK_PORT

if TYPE_CHECKING:
    from octoperf_mcp.cli.agent import Agent

TOKEN = "OCTOPERF_TOKEN"  # noqa: S105 - the name of a variable
"""Holds a token to send instead of signing in; not among those of the server, `OCTOPERF_MCP_…`."""


class CallError(OctoPerfMcpError):
    """The server could not be reached, or refused the call."""

    code = "call_error"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    default = f"http://127.0.0.1:{ServerSettings().port}/mcp"
    parser.add_argument("tool", help="name of the tool")
    parser.add_argument("arguments", nargs="?", default="{}", help="its arguments, a JSON object")
    parser.add_argument("--url", default=default, help=f"endpoint (default: {default})")
    parser.add_argument(
        "--client-id",
        metavar="ID",
        default="",
        help="of a client registered by hand with the redirect address "
        f"http://127.0.0.1:{CALLBACK_PORT}/callback (default: it registers itself)",
    )


def run(args: argparse.Namespace) -> int:
    """Call the tool and print its structured content."""
    try:
        arguments = orjson.loads(args.arguments)
    except orjson.JSONDecodeError as error:
        print(f"octoperf-mcp call: the arguments are not JSON: {error}", file=sys.stderr)
        return WRONG_USE
    if not isinstance(arguments, dict):
        print("octoperf-mcp call: the arguments must be a JSON object", file=sys.stderr)
        return WRONG_USE
    return asyncio.run(_call(args, arguments))


async def _call(args: argparse.Namespace, arguments: dict[str, Any]) -> int:
    from mcp.shared.exceptions import MCPError
    from mcp_types import INVALID_PARAMS

    from octoperf_mcp.cli.agent import CallFailedError, innermost

    try:
        async with _signed_in(args.url, args.client_id) as agent:
            answer = await agent.call(args.tool, arguments)
    except Exception as error:
        cause = innermost(error)
        if isinstance(cause, CallFailedError):
            _print(cause.answer, sys.stderr)
            return FAILED
        # such a one was let in: it asked for what there is not
        refused = isinstance(cause, MCPError) and cause.code == INVALID_PARAMS
        hint = "" if refused else _hint(os.environ.get(TOKEN, ""), args.url)
        raise CallError(f"{args.url}: {cause or type(cause).__name__}{hint}") from error
    _print(answer, sys.stdout)
    return 0


def _hint(token: str, url: str) -> str:
    """What may be wrong with the token; it is read and not verified, which the server does."""
    if not token:
        return ""
    try:
        payload = token.split(".")[1]
        told = orjson.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        named = told.get("aud") or []
    except (AttributeError, IndexError, ValueError):
        named = []
    servers = [named] if isinstance(named, str) else [str(each) for each in named]
    if servers and not any(f"{url}/".startswith(f"{server}/") for server in servers):
        return f" (the token in {TOKEN} is for {servers[0]}; `token --url` makes one for another)"
    return f" (is the token in {TOKEN} still good, and of this server?)"


@asynccontextmanager
async def _signed_in(url: str, client_id: str) -> AsyncIterator["Agent"]:
    from octoperf_mcp.cli.agent import connected, connected_with_token, registered
    from octoperf_mcp.cli.credentials import FileStorage, callback_port, credentials_file
    from octoperf_mcp.cli.sign_in import BrowserSignIn

    token = os.environ.get(TOKEN, "")
    if token:
        async with connected_with_token(url, token) as agent:
            yield agent
        return
    storage = FileStorage(credentials_file(), url)
    known = await storage.get_client_info()
    port = CALLBACK_PORT if client_id else callback_port(known)
    async with BrowserSignIn(port=port) as sign_in:
        if client_id and (known is None or known.client_id != client_id):
            await storage.forget()
            await storage.set_client_info(registered(client_id, sign_in.redirect_uri))
        async with connected(url, sign_in, storage=storage) as agent:
            yield agent


def _print(answer: dict[str, Any], stream: Any) -> None:
    stream.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() + "\n")
