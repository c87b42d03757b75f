"""`get_virtual_user` on a tree of 2,000 actions: `python -m tests.bench.virtual_users`.

Processor time of the server alone (reading the platform's JSON, the tool, its answer), which is to
be below 50 ms, and of server and platform together, which share this process.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_edit.rest import GET_VIRTUAL_USER
from octoperf_edit.virtual_users import get_virtual_user
from octoperf_mcp.config import EmbeddedSettings, UpstreamSettings
from octoperf_mcp.embedded.app import add_platform, close_platform, open_platform
from octoperf_mcp.registry.context import Caller, Revised
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.upstream.calls import CORE_CALLS
from octoperf_mcp.upstream.client import RestClient
from octoperf_mcp.upstream.context import CallContext, WorkspaceCache

GROUPS, REQUESTS, ROUNDS, GOAL_MS = 20, 99, 20, 50.0
CALLS: dict[str, dict[str, Any]] = {
    "auto, an outline": {},
    "depth=1": {"depth": 1},
    "pointer of a group": {"pointer": "/children/3"},
    "fields=name": {"fields": ["name"]},
}


def request(number: int) -> dict[str, Any]:
    """A request as a HAR import leaves it, without its bodies."""
    headers = [{"name": f"X-{name}", "value": "value"} for name in "abcdefgh"]
    return {
        "@type": "HttpRequestAction",
        "id": f"r{number}",
        "name": f"/page/{number}",
        "enabled": True,
        "serverId": "s",
        "method": "GET",
        "path": f"/page/{number}",
        "parameters": [{"name": "q", "value": "1"}],
        "headers": headers,
        "thinktime": {"@type": "ThinktimeConstant", "value": 1000},
        "recordedRequest": {"method": "GET", "url": "http://x.test", "headers": headers},
        "recordedResponse": {"status": 200, "headers": headers},
        "children": [],
    }


def tree() -> list[dict[str, Any]]:
    """2,000 actions in twenty groups."""
    return [
        {
            "@type": "ContainerAction",
            "id": f"g{group}",
            "name": f"Page {group}",
            "enabled": True,
            "children": [request(group * REQUESTS + one) for one in range(REQUESTS)],
        }
        for group in range(GROUPS)
    ]


async def main() -> None:
    """Print what each way to read the tree takes."""
    with tempfile.TemporaryDirectory() as directory:
        platform, first = await open_platform(
            EmbeddedSettings(), data_dir=Path(directory), origin="http://127.0.0.1:8091"
        )
        assert first is not None
        app = web.Application()
        add_platform(app, platform)
        user_id = await platform.identity.check_password(first.username, first.password)
        assert user_id is not None
        async with TestServer(app) as server:
            await _measure(platform, user_id, str(server.make_url("/")).rstrip("/"))
        await close_platform(platform)


async def _measure(platform: Any, user_id: str, origin: str) -> None:
    scopes = frozenset({"octoperf:read", "octoperf:write"})
    token = await platform.identity.mint_token(user_id, scopes, 600)
    documents = platform.documents
    workspace = (await documents.list("workspace", user_id=user_id))[0].id
    where: dict[str, Any] = {"user_id": user_id, "workspace_id": workspace}
    project = await documents.create("project", {"name": "p"}, **where)
    body = {"@type": "VirtualUser", "name": "v", "type": "JMETER", "children": tree()}
    found = await documents.create("virtual_user", body, **where, project_id=project.id)
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # as `serve` does
    client = RestClient(origin, load_registry().rest_calls | CORE_CALLS, UpstreamSettings())
    scope: Any = _Scope(Caller(user_id, "bench", scopes, token, 4e9))
    context = CallContext(scope, client, origin, WorkspaceCache())
    stored = await client.call(GET_VIRTUAL_USER, scope.caller, {"id": found.id})
    fixed = _Fixed(orjson.dumps(stored))
    for name, arguments in CALLS.items():
        given = {"virtualUserId": found.id, **arguments}
        own, size = await _took(fixed, given)
        whole, _ = await _took(context, given)
        held = "held" if own < GOAL_MS else "missed"
        print(f"{name:20} {own:6.1f} ms ({held}), {whole:6.1f} ms with the platform, {size} bytes")
    await client.close()


async def _took(context: Any, given: dict[str, Any]) -> tuple[float, int]:
    """Median processor time of a call in milliseconds, and the size of its answer."""
    took, size = [], 0
    for _ in range(ROUNDS):
        began = time.process_time()
        answer = await get_virtual_user.call(context, given)
        took.append((time.process_time() - began) * 1000)
        size = len(answer)
    return statistics.median(took), size


class _Fixed:
    """A context whose platform has answered already: what remains is the server's own work."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def revised(self, _call: Any, /, **_: Any) -> Revised:
        return Revised(orjson.loads(self._data), 1)

    async def workspace_of(self, _project_id: str) -> str:
        return "w"

    def link(self, _link: Any, /, **_: str) -> str:
        return "http://x.test"


class _Scope:
    """A call without a client behind it."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.request_id = "bench"
        self.guard = None


if __name__ == "__main__":
    asyncio.run(main())
