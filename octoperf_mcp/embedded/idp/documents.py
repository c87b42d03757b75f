"""What the identity provider publishes, and what it says of who asks: metadata, keys, user info."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import hdrs, web

from octoperf_mcp.embedded.idp import metadata as addresses
from octoperf_mcp.embedded.idp.answers import CORS_HEADERS, oauth_answer
from octoperf_mcp.embedded.idp.clients import Clients
from octoperf_mcp.embedded.idp.keys import SigningKeys
from octoperf_mcp.embedded.platform import Principal


class Documents:
    """The documents of one issuer.

    Args:
        origin: The issuer.
        keys: Its keys, whose public halves are shown.
        clients: Whether they may publish what they are in place of registering.
        principal: Who presents a token.
    """

    def __init__(
        self,
        origin: str,
        keys: SigningKeys,
        clients: Clients,
        principal: Callable[[str], Awaitable[Principal | None]],
    ) -> None:
        self._origin = origin
        self._keys = keys
        self._clients = clients
        self._principal = principal

    async def metadata(self, _request: web.Request) -> web.Response:
        """GET of the metadata (RFC 8414), at each of its addresses."""
        return _public(
            addresses.metadata(self._origin, client_documents=self._clients.take_documents)
        )

    async def jwks(self, _request: web.Request) -> web.Response:
        """GET of the public keys."""
        return _public(await self._keys.document())

    async def userinfo(self, request: web.Request) -> web.Response:
        """GET or POST: name and id of who presents a token."""
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        principal = await self._principal(token.strip()) if scheme.lower() == "bearer" else None
        if principal is None:
            answer = oauth_answer({"error": "invalid_token"}, status=401)
            answer.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer error="invalid_token"'
            return answer
        return oauth_answer(
            {
                "sub": principal.user_id,
                "preferred_username": principal.username,
                "name": principal.username,
            }
        )


def _public(content: dict[str, Any]) -> web.Response:
    return web.json_response(
        content, headers={**CORS_HEADERS, hdrs.CACHE_CONTROL: "public, max-age=300"}
    )
