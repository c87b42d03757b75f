"""What a `tools/call` with one upstream call costs beside a plain aiohttp handler that proxies it.

Run by hand: `python tests/bench/bench_hotpath.py [--seconds 5] [--connections 16] [--rounds 3]`.
Prints processor time per request of each server process and the ratio, round by round, for a tool
that answers one entity and for one that shapes twelve rows with a link each; the two servers take
turns, so that a drifting machine does not decide. Linux only (/proc).
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import orjson
from aiohttp import ClientSession, web
from joserfc import jwk, jwt

ROWS = [
    {
        "id": f"ws{number:018d}",
        "name": f"Workspace {number}",
        "description": "Load tests of one team",
        "created": 1767225600000,
        "lastModified": 1767225600000,
        "userId": "u1",
    }
    for number in range(12)
]
ENTITY = {
    "@type": "VirtualUserDescription",
    "id": "vu1",
    "userId": "u1",
    "projectId": "p1",
    "name": "Checkout",
    "description": "From the home page to the order, as recorded in the shop. " * 25,
    "type": "JMETER",
    "tags": ["smoke"],
    "created": 1767225600000,
    "lastModified": 1767225600000,
}
CASES = {
    "one entity": ("describe_virtual_user", {"virtualUserId": "vu1"}, "/vu"),
    "twelve rows": ("list_workspaces", {}, "/rows"),
}
"""Tool, its arguments, and the anchor's address that makes the same upstream call."""
KEY = jwk.RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256"})
TICKS = os.sysconf("SC_CLK_TCK")


async def stub(port: int, started: Callable[[], None]) -> None:
    """The upstream: a listing, an entity, its project, and the metadata of an issuer."""
    origin = f"http://127.0.0.1:{port}"
    answers = {
        "/workspaces/member-of": orjson.dumps(ROWS),
        "/design/virtual-users/description/vu1": orjson.dumps(ENTITY),
        "/design/projects/p1": orjson.dumps({"id": "p1", "workspaceId": "w1"}),
    }

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=answers[request.path], content_type="application/json")

    async def metadata(_request: web.Request) -> web.Response:
        return web.json_response({"issuer": origin, "jwks_uri": origin + "/jwks"})

    async def keys(_request: web.Request) -> web.Response:
        return web.json_response({"keys": [KEY.as_dict(private=False)]})

    app = web.Application()
    for path in answers:
        app.router.add_get(path, answer)
    app.router.add_get("/.well-known/oauth-authorization-server", metadata)
    app.router.add_get("/jwks", keys)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    started()
    await asyncio.Event().wait()


async def proxy(port: int, upstream: str) -> None:
    """The anchor: a handler that makes the same call and hands the bytes on."""
    session = ClientSession()
    targets = {
        "/rows": "/workspaces/member-of",
        "/vu": "/design/virtual-users/description/vu1",
    }

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        async with session.get(
            upstream + targets[request.path],
            headers={"Authorization": request.headers["Authorization"]},
        ) as answer:
            return web.Response(body=await answer.read(), content_type="application/json")

    app = web.Application()
    for path in targets:
        app.router.add_post(path, handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


def request_bytes(port: int, token: str, tool: str, arguments: dict[str, str], path: str) -> bytes:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": tool, "arguments": arguments, "_meta": meta}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    body = orjson.dumps(call)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n"
        f"Mcp-Method: tools/call\r\nMcp-Name: {tool}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask(port: int, request: bytes, until: float) -> tuple[int, int]:
    """One connection; answers how many requests it made and the size of the last answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    made, size = 0, 0
    while time.perf_counter() < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"unexpected answer: {head.decode()}")
        size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(size)
        if b'"isError":true' in body:
            raise SystemExit(body.decode())
        made += 1
    writer.close()
    return made, size


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def measure(port: int, pid: int, request: bytes, connections: int, seconds: float) -> float:
    """Processor microseconds a request."""
    await ask(port, request, time.perf_counter() + 0.3)
    before, until = cpu_s(pid), time.perf_counter() + seconds
    found = await asyncio.gather(*(ask(port, request, until) for _ in range(connections)))
    made = sum(count for count, _ in found)
    cost = (cpu_s(pid) - before) / made * 1e6
    print(f"  {made / seconds:8.0f} requests/s  {cost:7.1f} µs CPU a request  {found[0][1]} bytes")
    return cost


def start(command: list[str], ready: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_env())
    assert process.stdout
    for line in process.stdout:
        if line.startswith(ready):
            return process
    raise SystemExit(f"{command} did not start")


def clean_env() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OCTOPERF_MCP_")}
    return {**kept, "OCTOPERF_MCP_LOG_LEVEL": "warning"}


def token_for(issuer: str, audience: str) -> str:
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": [audience],
        "sub": "u1",
        "client_id": "bench",
        "scope": "octoperf:read octoperf:write",
        "iat": now,
        "exp": now + 3600,
        "jti": "1",
    }
    header = {"alg": "RS256", "kid": "k1", "typ": "at+jwt"}
    return jwt.encode(header, claims, KEY, algorithms=["RS256"])


async def run(options: argparse.Namespace) -> None:
    stub_port, proxy_port, mcp_port = 18101, 18102, 18103
    upstream = f"http://127.0.0.1:{stub_port}"
    ready = asyncio.Event()
    stubbing = asyncio.create_task(stub(stub_port, ready.set))
    await ready.wait()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        plain = await asyncio.to_thread(
            start, [sys.executable, __file__, "--proxy", str(proxy_port), upstream], "ready"
        )
        command = [sys.executable, "-m", "octoperf_mcp", "serve", "--port", str(mcp_port)]
        ours = await asyncio.to_thread(
            start, [*command, "--upstream", upstream], "octoperf-mcp ready"
        )
        try:
            token = token_for(upstream, f"http://127.0.0.1:{mcp_port}")
            for case, (tool, arguments, path) in CASES.items():
                anchor_request = request_bytes(proxy_port, token, tool, arguments, path)
                request = request_bytes(mcp_port, token, tool, arguments, "/mcp")
                ratios = []
                for _ in range(options.rounds):
                    print(f"{case}: proxy, then octoperf-mcp")
                    anchor = await measure(
                        proxy_port, plain.pid, anchor_request, options.connections, options.seconds
                    )
                    cost = await measure(
                        mcp_port, ours.pid, request, options.connections, options.seconds
                    )
                    ratios.append(cost / anchor)
                shown = ", ".join(f"{ratio:.2f}" for ratio in sorted(ratios))
                print(f"{case}: ratio {statistics.median(ratios):.2f} (of {shown})")
        finally:
            plain.terminate()
            ours.terminate()
            stubbing.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--proxy", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.proxy:
        asyncio.run(proxy(int(options.proxy[0]), options.proxy[1]))
    else:
        asyncio.run(run(options))


if __name__ == "__main__":
    main()
