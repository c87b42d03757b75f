"""The `mcp` SDK's own server with the same tools: `PORT UPSTREAM TOOLS_FILE KEYS_FILE sessions|none`.

Typed functions, a token verifier on joserfc, one long-lived httpx client, uvicorn: as its users
write it. The definitions of all tools are those that our server lists.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import orjson
import uvicorn
import uvloop
from joserfc import jwt
from joserfc.jwk import KeySet
from mcp.server import MCPServer
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl


class Verifier:
    """Checks signature and claims."""

    def __init__(self, keys: Path) -> None:
        self._keys = KeySet.import_key_set(orjson.loads(keys.read_bytes()))
        self._claims = jwt.JWTClaimsRegistry(exp={"essential": True}, sub={"essential": True})

    async def verify_token(self, token: str) -> AccessToken | None:
        """See `mcp.server.auth.provider.TokenVerifier`."""
        claims = jwt.decode(token, self._keys, algorithms=["RS256"]).claims
        self._claims.validate(claims)
        if claims["exp"] < time.time():
            return None
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims["scope"].split(),
            expires_at=claims["exp"],
            subject=claims["sub"],
            claims=claims,
        )


def make(upstream: str, definitions: list[dict[str, Any]], keys: Path) -> MCPServer:
    """The server."""
    client = httpx2.AsyncClient(
        base_url=upstream,
        limits=httpx2.Limits(max_connections=256, max_keepalive_connections=256),
    )

    async def describe_virtual_user(virtualUserId: str) -> dict[str, Any]:  # noqa: N803
        answer = await client.get(f"/design/virtual-users/description/{virtualUserId}")
        answer.raise_for_status()
        found = answer.json()
        kept = ("id", "name", "description", "type", "tags", "created", "lastModified")
        page = f"/ui/workspace/w1/project/{found['projectId']}/design/virtual-user/{found['id']}"
        return {**{key: found[key] for key in kept}, "url": upstream + page}

    async def list_workspaces(
        nameContains: str = "",  # noqa: N803
        limit: int = 100,
        cursor: str = "",
    ) -> dict[str, Any]:
        answer = await client.get("/workspaces/member-of")
        answer.raise_for_status()
        kept = ("id", "name", "description", "created", "lastModified")
        rows = [
            {**{key: row[key] for key in kept}, "url": f"{upstream}/ui/workspace/{row['id']}"}
            for row in answer.json()
            if nameContains.casefold() in row["name"].casefold()
        ]
        return {"workspaces": rows[:limit], "total": len(rows)}

    async def other() -> dict[str, Any]:
        return {}

    server = MCPServer(
        "bench",
        log_level="ERROR",
        token_verifier=Verifier(keys),
        auth=AuthSettings(
            issuer_url=AnyHttpUrl(upstream),
            resource_server_url=None,
            required_scopes=["octoperf:read"],
        ),
    )
    functions: dict[str, Callable[..., Any]] = {
        "describe_virtual_user": describe_virtual_user,
        "list_workspaces": list_workspaces,
    }
    for definition in definitions:
        name = definition["name"]
        tool = server._tool_manager.add_tool(
            functions.get(name, other),
            name=name,
            title=definition["title"],
            description=definition["description"],
            annotations=definition["annotations"],
        )
        tool.parameters = definition["inputSchema"]
        tool.__dict__["output_schema"] = definition.get("outputSchema")
    return server


class Announcing(uvicorn.Server):
    """Says when it listens."""

    async def startup(self, sockets: Any = None) -> None:
        """See `uvicorn.Server`."""
        await super().startup(sockets=sockets)
        print("ready", flush=True)


def main() -> None:
    port, upstream, tools, keys, sessions = sys.argv[1:]
    server = make(upstream, orjson.loads(Path(tools).read_bytes()), Path(keys))
    app = server.streamable_http_app(json_response=True, stateless_http=sessions != "sessions")
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=int(port),
        log_level="error",
        access_log=False,
        backlog=1024,
        http="httptools",
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Announcing(config).serve())


if __name__ == "__main__":
    main()
