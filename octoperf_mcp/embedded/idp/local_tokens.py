"""Tokens that nobody signs in for at a page: of the command line, and of a sign-in over REST."""

from collections.abc import Iterable

from octoperf_mcp.auth.scopes import ALL_SCOPES, OFFLINE, OPERATION_SCOPES, scope_text, with_implied
from octoperf_mcp.embedded.idp.access_tokens import SESSION_TYPE, AccessTokens
from octoperf_mcp.embedded.idp.grants import Grant, Grants
from octoperf_mcp.embedded.idp.users import Users
from octoperf_mcp.embedded.store.schema import new_id, now_ms
from octoperf_mcp.errors import ConfigError

SESSION_LIFE_S = 24 * 3600


class LocalTokens:
    """Makes them, each with a grant that can be revoked."""

    def __init__(self, users: Users, grants: Grants, tokens: AccessTokens) -> None:
        self._users = users
        self._grants = grants
        self._tokens = tokens

    async def session(self, user_id: str) -> str:
        """A token of `/public/users/login`: a day, every operation, the REST API only."""
        return await self._mint(
            user_id, OPERATION_SCOPES, SESSION_LIFE_S, "Sign-in over REST", SESSION_TYPE
        )

    async def command_line(self, user_id: str, scopes: Iterable[str], life_s: int) -> str:
        """A token for local use.

        Raises:
            ConfigError: there is no such scope.
        """
        return await self._mint(user_id, scopes, life_s, "Command line")

    async def _mint(
        self, user_id: str, scopes: Iterable[str], life_s: int, name: str, kind: str = "at+jwt"
    ) -> str:
        await self._users.get(user_id)
        wanted = with_implied(scopes)
        unknown = wanted.difference(ALL_SCOPES)
        if unknown:
            raise ConfigError(f"There is no scope {scope_text(unknown)}.")
        now = now_ms()
        grant = Grant(
            id=new_id(),
            user_id=user_id,
            client_id="",
            client_name=name,
            redirect_uri="",
            scope=scope_text(wanted - {OFFLINE}),
            resources=(),
            created=now,
            last_used=now,
            expires=now + life_s * 1000,
        )
        await self._grants.add(grant)
        return await self._tokens.mint(grant, grant.scope, life_s=life_s, kind=kind)
