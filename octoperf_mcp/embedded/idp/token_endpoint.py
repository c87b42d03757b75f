"""The token endpoint (RFC 6749 section 3.2), revocation (RFC 7009) and introspection (RFC 7662)."""

import base64
import binascii
from typing import Any
from urllib.parse import unquote

from aiohttp import hdrs, web
from multidict import MultiDict

from octoperf_mcp.auth.hosts import OwnOrigins
from octoperf_mcp.auth.scopes import scope_text
from octoperf_mcp.embedded.failures import NotFound
from octoperf_mcp.embedded.idp.access_tokens import AccessTokens
from octoperf_mcp.embedded.idp.answers import (
    BadFormError,
    oauth_answer,
    oauth_error,
    read_form,
)
from octoperf_mcp.embedded.idp.client_metadata import Client
from octoperf_mcp.embedded.idp.clients import Clients
from octoperf_mcp.embedded.idp.decisions import Facts, Redeem, Revoke, Rotate, TokenInHand
from octoperf_mcp.embedded.idp.grants import REFRESH_LIFE_MS, Grant, Grants
from octoperf_mcp.embedded.idp.live import LiveGrants
from octoperf_mcp.embedded.idp.oauth import CoreRequest, OAuthCore
from octoperf_mcp.embedded.idp.record import Record
from octoperf_mcp.embedded.idp.tickets import derived, new_ticket
from octoperf_mcp.embedded.idp.users import Users
from octoperf_mcp.embedded.store.schema import new_id, now_ms

_REFRESH_PREFIX = "opr_"


class TokenEndpoint:
    """What clients call with a form and no browser.

    Args:
        clients: Registered clients.
        grants: Codes, grants, refresh tokens.
        live: Told of what is revoked.
        tokens: Makes and checks access tokens.
        origins: Whose resources tokens are for.
        secret: Makes a refresh token's successor out of it, so that a lost answer or a parallel
            request can be given the same one although only hashes are kept.
        users: Names people for the audit trail.
        record: Told of grants, and of what is refused.
    """

    def __init__(
        self,
        *,
        clients: Clients,
        grants: Grants,
        live: LiveGrants,
        tokens: AccessTokens,
        origins: OwnOrigins,
        secret: bytes,
        users: Users,
        record: Record,
    ) -> None:
        self._clients = clients
        self._grants = grants
        self._live = live
        self._tokens = tokens
        self._origins = origins
        self._secret = secret
        self._users = users
        self._record = record

    async def token(self, request: web.Request) -> web.Response:
        """`POST /auth/oauth2/token`."""
        try:
            form = await read_form(request)
            client_id = _client_id(request, form)
        except BadFormError as error:
            return self._refused("token", "invalid_request", str(error))
        if "grant_type" not in form:
            return self._refused("token", "invalid_request", "There is no grant_type.")
        core = OAuthCore(await self._token_facts(client_id, form), self._origins.owns)
        answer = core.create_token_response(CoreRequest(form, request.headers))
        match core.decision:
            case Redeem() as decision:
                return await self._redeem(decision)
            case Rotate() as decision:
                return await self._rotate(decision, form["refresh_token"])
            case Revoke() as decision:
                await self._revoke(decision)
        return self._sent("token", answer, core.facts.client)

    async def revoke(self, request: web.Request) -> web.Response:
        """`POST /auth/oauth2/revoke`: either token ends the whole grant."""
        return await self._about_token(request, "revocation")

    async def introspect(self, request: web.Request) -> web.Response:
        """`POST /auth/oauth2/introspect`, for clients with a secret."""
        return await self._about_token(request, "introspection")

    async def _about_token(self, request: web.Request, endpoint: str) -> web.Response:
        try:
            form = await read_form(request)
            client_id = _client_id(request, form)
        except BadFormError as error:
            return self._refused(endpoint, "invalid_request", str(error))
        # A hint, nothing else: Authlib would refuse one that it does not know.
        form.popall("token_type_hint", None)
        facts = Facts(
            now_ms=now_ms(),
            client=await self._clients.find(client_id),
            token=await self._token_in_hand(form.get("token", "")),
        )
        core = OAuthCore(facts, self._origins.owns)
        answer = core.answer(endpoint, CoreRequest(form, request.headers))
        if isinstance(core.decision, Revoke):
            await self._revoke(core.decision)
        return self._sent(endpoint, answer, facts.client)

    async def _token_facts(self, client_id: str, form: MultiDict[str]) -> Facts:
        code = await self._grants.code(form["code"]) if "code" in form else None
        refresh = (
            await self._grants.refresh_token(form["refresh_token"])
            if "refresh_token" in form
            else None
        )
        user_id = code.user_id if code else refresh.grant.user_id if refresh else ""
        return Facts(
            now_ms=now_ms(),
            client=await self._clients.find(client_id),
            code=code,
            refresh=refresh,
            user_is_active=bool(user_id) and await self._grants.user_is_active(user_id),
        )

    async def _redeem(self, decision: Redeem) -> web.Response:
        code, now = decision.code, now_ms()
        client = await self._clients.find(code.client_id)
        grant = Grant(
            id=new_id(),
            user_id=code.user_id,
            client_id=code.client_id,
            client_name=client.name if client else "",
            redirect_uri=code.redirect_uri,
            scope=decision.scope,
            resources=code.resources,
            created=now,
            last_used=now,
            expires=now + REFRESH_LIFE_MS,
        )
        refresh_ticket = new_ticket(_REFRESH_PREFIX)
        if not await self._grants.redeem(code, grant, refresh_ticket):
            return self._refused("token", "invalid_grant", "The code was used already.", client)
        await self._record.connected(grant, await self._name(grant))
        return await self._issued(grant, decision.scope, refresh_ticket)

    async def _rotate(self, decision: Rotate, presented: str) -> web.Response:
        successor = _REFRESH_PREFIX + derived(self._secret, "refresh", presented)
        if not await self._grants.rotate(decision.token, successor):
            return self._refused("token", "invalid_grant", "The grant was revoked.")
        grant = decision.token.grant
        self._record.refreshed(grant)
        return await self._issued(grant, decision.scope, successor)

    async def _issued(self, grant: Grant, scope: str, refresh_ticket: str) -> web.Response:
        return oauth_answer(
            {
                "access_token": await self._tokens.mint(grant, scope),
                "token_type": "Bearer",
                "expires_in": self._tokens.life_s,
                "scope": scope_text(scope.split()),
                "refresh_token": refresh_ticket,
            }
        )

    async def _revoke(self, decision: Revoke) -> None:
        await self._live.revoke(decision.grant_id)
        grant = await self._grants.get(decision.grant_id)
        if grant is not None:
            await self._record.revoked(grant, await self._name(grant), decision.reason)

    async def _name(self, grant: Grant) -> str:
        try:
            return str((await self._users.get(grant.user_id))["username"])
        except NotFound:
            return ""

    def _refused(
        self, place: str, code: str, description: str, client: Client | None = None
    ) -> web.Response:
        self._record.refused(place, code, detail=description, client=client)
        return oauth_error(400, code, description)

    def _sent(self, place: str, answer: Any, client: Client | None) -> web.Response:
        status, body, headers = answer
        if "error" in body:
            named = body["error"] != "unsupported_grant_type"  # which repeats what was sent
            detail = str(body.get("error_description", "")) if named else ""
            self._record.refused(place, str(body["error"]), detail=detail, client=client)
        response = oauth_answer(body, status=status)
        for name, value in headers:
            if name.lower() == "www-authenticate":
                response.headers[name] = value
        return response

    async def _token_in_hand(self, presented: str) -> TokenInHand | None:
        refresh = await self._grants.refresh_token(presented)
        if refresh is not None:
            alive = refresh.used is None and refresh.expires > now_ms()
            return TokenInHand(
                grant=refresh.grant,
                kind="refresh_token",
                expires_at_s=refresh.expires // 1000,
                alive=alive and await self._grants.live(refresh.grant.id) is not None,
                scope=refresh.grant.scope,
            )
        verified = await self._tokens.verified(presented)
        grant = await self._grants.get(verified.session_id) if verified else None
        if verified is None or grant is None:
            return None
        return TokenInHand(
            grant=grant,
            kind="access_token",
            expires_at_s=int(verified.expires_at),
            alive=await self._grants.live(grant.id) is not None,
            scope=scope_text(verified.scopes),
        )


def _client_id(request: web.Request, form: MultiDict[str]) -> str:
    """Who the client says it is: the name of HTTP Basic, else the parameter."""
    scheme, _, value = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", "")
    try:
        return unquote(base64.b64decode(value).decode().partition(":")[0])
    except (ValueError, binascii.Error):
        # Authlib decodes it once more and would raise.
        raise BadFormError("The Authorization header cannot be read.") from None
