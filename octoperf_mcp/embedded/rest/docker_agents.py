"""Machines that joined providers, and the tokens that let them.

Nothing here shows a token but the answer that makes it.
"""

import shlex

from aiohttp import web

from octoperf_mcp.embedded.failures import NotFound
from octoperf_mcp.embedded.generators.providers import require_administrator
from octoperf_mcp.embedded.platform import PLATFORM, PRINCIPAL
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import json_answer, no_content
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.embedded.store.documents import Document

_BASE = "/workspaces/docker-agents"
_TOKENS = f"{_BASE}/join-tokens/{{providerId}}"


def routes() -> list[web.RouteDef]:
    """Routes of this module; those of the tokens are ours, the original has none."""
    return [
        web.get(f"{_BASE}/by-provider/{{providerId}}", by_provider),
        web.get(f"{_BASE}/by-workspace/{{workspaceId}}", by_workspace),
        web.get(f"{_BASE}/command/{{providerId}}", command),
        web.get(_TOKENS, tokens),
        web.post(_TOKENS, create_token),
        web.delete(f"{_TOKENS}/{{tokenId}}", revoke_token),
    ]


async def by_provider(request: web.Request) -> web.Response:
    """DockerAgent[]: the machines of one provider."""
    found = await crud.found(request, "docker_provider", "providerId")
    return json_answer(await _machines(request, [found]))


async def by_workspace(request: web.Request) -> web.Response:
    """DockerAgent[]: the machines of all providers that belong to a workspace."""
    found = await crud.documents_of(request).list(
        "docker_provider",
        user_id=crud.user_of(request),
        workspace_id=request.match_info["workspaceId"],
    )
    return json_answer(await _machines(request, found))


async def _machines(request: web.Request, found: list[Document]) -> list[crud.Body]:
    known = request.app[PLATFORM].generators.known
    return [each.document() for each in await known.of_providers(each.id for each in found)]


async def command(request: web.Request) -> web.Response:
    """The command that joins, with a place for the token, which is never shown twice."""
    await crud.found(request, "docker_provider", "providerId")
    location = request.query.get("location", "")
    return json_answer({"value": join_command(request.app[PLATFORM].origin, location)})


def join_command(origin: str, location: str, token: str = "TOKEN") -> str:  # noqa: S107 - a gap
    """What to type on another machine."""
    place = f" --location {shlex.quote(location)}" if location else ""
    return f"octoperf-mcp load-generator --join {origin} --token {token}{place}"


async def tokens(request: web.Request) -> web.Response:
    """Tokens of a provider, without their secrets."""
    found = await _administered(request)
    listed = await request.app[PLATFORM].generators.tokens.of_provider(found.id)
    return json_answer([each.document() for each in listed])


async def create_token(request: web.Request) -> web.Response:
    """A token from `name`; the answer is the only place where it stands."""
    found = await _administered(request)
    body = await read_object(request)
    token, made = await request.app[PLATFORM].generators.tokens.create(
        found.id, str(body.get("name") or ""), crud.user_of(request)
    )
    line = join_command(request.app[PLATFORM].origin, str(body.get("location") or ""), token)
    return json_answer({**made.document(), "token": token, "command": line}, status=201)


async def revoke_token(request: web.Request) -> web.Response:
    """End a token; machines that joined with it are shut out."""
    found, token_id = await _administered(request), request.match_info["tokenId"]
    generators = request.app[PLATFORM].generators
    if not await generators.tokens.revoke(found.id, token_id):
        raise NotFound(f"The provider has no join token {token_id!r}.")
    await generators.shut_out()
    return no_content()


async def _administered(request: web.Request) -> Document:
    principal = request[PRINCIPAL]
    return await require_administrator(
        request.app[PLATFORM].database,
        request.match_info["providerId"],
        principal.user_id,
        operates=principal.administers,
    )
