"""A platform whose tokens come from an issuer that behaves as Microsoft Entra ID does.

Source: learn.microsoft.com, "Microsoft identity platform" (authorization code flow, access token
claims, OpenID Connect metadata) and "Secure a Model Context Protocol server with Microsoft Entra
ID". One tenant, one API whose Application ID URI is the address of `/mcp`, one public client.

What differs from what clients of MCP expect: metadata in one place only, below the issuer's path;
no registration, no list of code challenge methods, no `iss` in redirects; keys without `alg`;
scopes asked for with the API's URI before them and written into `scp` without it; `aud` is the API's
id, not the `resource` that was asked for; a `resource` that is not the API's URI is refused.
"""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

TENANT = "5d3a11b2-0a9d-4a0c-9d6e-8f4b1c7e2a10"
API = "0c0ffee0-aaaa-4bbb-8ccc-0123456789ab"
CLIENT = "9b7c2f44-1111-4222-8333-abcdefabcdef"
OPENID_SCOPES = ("openid", "profile", "email", "offline_access")


class EntraLike:
    """`api_uri` is set once the bridge's address is known; `asked` are the scopes of sign-ins."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.port = port
        self.api_uri = ""
        self.access_life_s = 3600
        self.asked: list[str] = []
        self.refreshed = 0
        self.called: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._refresh: dict[str, list[str]] = {}
        self._key = RSAKey.generate_key(2048, {"kid": "x5t-like", "use": "sig"})

    @property
    def issuer(self) -> str:
        return f"{self.origin}/{TENANT}/v2.0"

    def token(self, **claims: Any) -> str:
        """An access token of version 2.0."""
        now = int(time.time())
        full = {
            "aud": API, "iss": self.issuer, "iat": now, "nbf": now, "exp": now + self.access_life_s,
            "aio": "opaque", "azp": CLIENT, "azpacr": "0", "name": "Ada", "oid": "o-1",
            "preferred_username": "ada@example.com", "rh": "0.x", "scp": "octoperf:read octoperf:write",
            "sub": "pairwise-1", "tid": TENANT, "uti": secrets.token_hex(8), "ver": "2.0", **claims,
        }  # fmt: skip
        header = {"typ": "JWT", "alg": "RS256", "kid": self._key.kid}
        return jwt.encode(header, {k: v for k, v in full.items() if v is not None}, self._key)

    async def _metadata(self, _request: web.Request) -> web.Response:
        base = f"{self.origin}/{TENANT}"
        return web.json_response({
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": [*OPENID_SCOPES],
            "issuer": self.issuer,
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "http_logout_supported": True, "frontchannel_logout_supported": True,
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "ver"],
            "tenant_region_scope": "EU", "cloud_instance_name": "microsoftonline.com",
        })  # fmt: skip

    async def _keys(self, _request: web.Request) -> web.Response:
        key = {**self._key.as_dict(private=False), "x5t": self._key.kid, "issuer": self.issuer}
        key.pop("alg", None)
        return web.json_response({"keys": [key]})

    async def _authorize(self, request: web.Request) -> web.Response:
        query = request.query
        known = query.get("client_id") == CLIENT
        if not known or urlsplit(query["redirect_uri"]).hostname not in {"localhost", "127.0.0.1"}:
            return web.Response(text="AADSTS700016 or AADSTS50011", status=400)
        refused = self._refused(query.get("scope", ""), query.get("resource", self.api_uri))
        if refused:
            code, description = refused
            answer = {"error": code, "error_description": description}
        else:
            answer = {"code": secrets.token_hex(8), "session_state": "s"}
            self._codes[answer["code"]] = dict(query)
            self.asked.append(query["scope"])
        back = urlencode({**answer, "state": query.get("state", "")})
        raise web.HTTPFound(f"{query['redirect_uri']}?{back}")

    def _refused(self, scope: str, resource: str) -> tuple[str, str] | None:
        wanted = [name for name in scope.split() if name not in OPENID_SCOPES]
        known = {f"{self.api_uri}/octoperf:read", f"{self.api_uri}/octoperf:write"}
        if not known.issuperset(wanted):
            return (
                "invalid_client",
                "AADSTS650053: The application asked for scope that doesn't exist",
            )
        if resource != self.api_uri:
            return (
                "invalid_target",
                "AADSTS9010010: The resource parameter doesn't match the scopes",
            )
        return None

    async def _token(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        if form["grant_type"] == "refresh_token":
            scopes = self._refresh.get(form["refresh_token"])  # used ones stay good
            self.refreshed += 1
        else:
            scopes = self._exchanged(form)
        if scopes is None:
            body = {"error": "invalid_grant", "error_description": "AADSTS70000"}
            return web.json_response(body, status=400)
        refresh = secrets.token_hex(8)
        self._refresh[refresh] = scopes
        own = [name.rpartition("/")[2] for name in scopes if name.startswith(self.api_uri)]
        return web.json_response({
            "token_type": "Bearer",
            "scope": " ".join(name for name in scopes if name not in OPENID_SCOPES),
            "expires_in": self.access_life_s, "ext_expires_in": self.access_life_s,
            "access_token": self.token(scp=" ".join(own)),
            **({"refresh_token": refresh} if "offline_access" in scopes else {}),
        })  # fmt: skip

    def _exchanged(self, form: dict[str, str]) -> list[str] | None:
        asked = self._codes.pop(form["code"], None)
        if asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return None
        return asked["scope"].split()

    async def _workspaces(self, request: web.Request) -> web.Response:
        self.called.append(request.headers["Authorization"].removeprefix("Bearer "))
        return web.json_response([{"id": "w1", "name": "Remote", "description": ""}])

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get(f"/{TENANT}/v2.0/.well-known/openid-configuration", self._metadata)
        app.router.add_get(f"/{TENANT}/discovery/v2.0/keys", self._keys)
        app.router.add_get(f"/{TENANT}/oauth2/v2.0/authorize", self._authorize)
        app.router.add_post(f"/{TENANT}/oauth2/v2.0/token", self._token)
        app.router.add_get("/workspaces/member-of", self._workspaces)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True).start()
        try:
            yield
        finally:
            await runner.cleanup()
