"""The identity provider as the rest of the platform sees it."""

import asyncio
import itertools
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from octoperf_mcp.auth.hosts import OwnOrigins, is_loopback
from octoperf_mcp.auth.scopes import OPERATION_SCOPES
from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.audit.trail import Trail
from octoperf_mcp.embedded.idp.access_tokens import AccessTokens
from octoperf_mcp.embedded.idp.accounts import Accounts
from octoperf_mcp.embedded.idp.api_keys import ApiKeys, is_api_key
from octoperf_mcp.embedded.idp.authorize import AuthorizeEndpoint
from octoperf_mcp.embedded.idp.ci_tokens import CiTokens
from octoperf_mcp.embedded.idp.client_documents import ClientDocuments
from octoperf_mcp.embedded.idp.clients import Clients
from octoperf_mcp.embedded.idp.documents import Documents
from octoperf_mcp.embedded.idp.grants import Grants
from octoperf_mcp.embedded.idp.guarded_fetch import GuardedFetch
from octoperf_mcp.embedded.idp.keys import SigningKeys
from octoperf_mcp.embedded.idp.live import LiveGrants
from octoperf_mcp.embedded.idp.local_tokens import LocalTokens
from octoperf_mcp.embedded.idp.passwords import Passwords
from octoperf_mcp.embedded.idp.record import Record
from octoperf_mcp.embedded.idp.registration import RegistrationEndpoint
from octoperf_mcp.embedded.idp.rotation import KeyState, forget_old_keys, key_states, rotate
from octoperf_mcp.embedded.idp.routes import routes
from octoperf_mcp.embedded.idp.sessions import Sessions
from octoperf_mcp.embedded.idp.sign_in import SignIn, sign_in_address
from octoperf_mcp.embedded.idp.throttle import Throttle
from octoperf_mcp.embedded.idp.tickets import derived
from octoperf_mcp.embedded.idp.token_endpoint import TokenEndpoint
from octoperf_mcp.embedded.idp.users import Users
from octoperf_mcp.embedded.platform import Principal
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.errors import ConfigError

log = structlog.get_logger()

_TIDY_S = 60.0
_TIDY_TABLES_EVERY = 15
_REGISTRATIONS = 30
_REGISTRATION_WINDOW_S = 10 * 60


def check_origin(origin: str) -> None:
    """Check that tokens and passwords would not travel in the clear.

    Raises:
        ConfigError: no origin, a path behind it, or http on anything but loopback.
    """
    parts = urlsplit(origin)
    if not parts.hostname or origin != f"{parts.scheme}://{parts.netloc}":
        raise ConfigError(f"{origin!r} is no origin: scheme, host and port, nothing behind.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ConfigError(f"{origin} must be https: people sign in there with a password.")


class IdentityProvider:
    """Users, sign-in, and the authorization server whose issuer is the origin."""

    def __init__(
        self,
        database: Database,
        keys: SigningKeys,
        origins: OwnOrigins,
        *,
        passwords: Passwords | None = None,
        settings: EmbeddedSettings | None = None,
        trail: Trail | None = None,
    ) -> None:
        settings = settings or EmbeddedSettings()
        self._database = database
        self.users = Users(database, passwords or Passwords())
        documents = (
            ClientDocuments(GuardedFetch(), hosts=settings.client_document_hosts)
            if settings.client_documents
            else None
        )
        self.clients = Clients(database, documents)
        self.grants = Grants(database)
        self._keys = keys
        self._origins = origins
        self._live = LiveGrants(self.grants)
        self._tokens = AccessTokens(keys, origins.origin, life_s=settings.access_life_s)
        self.api_keys = ApiKeys(database)
        self.ci_tokens = CiTokens(database, self._tokens)
        self._sessions = Sessions(database, origins.origin, keys.secret)
        record = Record(trail)
        self._accounts = Accounts(self.users, record)
        self._sign_in = SignIn(self._accounts, self._sessions, record)
        self._registration = RegistrationEndpoint(
            self.clients, Throttle(_REGISTRATIONS, _REGISTRATION_WINDOW_S), record
        )
        self._authorize = AuthorizeEndpoint(
            clients=self.clients,
            grants=self.grants,
            sessions=self._sessions,
            origins=origins,
            record=record,
        )
        self._token_endpoint = TokenEndpoint(
            clients=self.clients,
            grants=self.grants,
            live=self._live,
            tokens=self._tokens,
            origins=origins,
            secret=keys.secret,
            users=self.users,
            record=record,
        )
        self._local_tokens = LocalTokens(self.users, self.grants, self._tokens)
        self._published = Documents(origins.origin, keys, self.clients, self.principal)
        self._tidying: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        database: Database,
        *,
        origin: str,
        port: int | None = None,
        passwords: Passwords | None = None,
        settings: EmbeddedSettings | None = None,
        trail: Trail | None = None,
    ) -> "IdentityProvider":
        """Read or make the keys, and begin to tidy up behind the scenes.

        Args:
            database: Where everything is.
            origin: Public origin without trailing slash; the issuer.
            port: Port of the loopback listener, when it is not the origin's.
            passwords: How passwords are hashed, when not with the default cost.
            settings: `[embedded]`, when not the defaults.
            trail: Where sign-ins, consents and revocations are noted, if anywhere.

        Raises:
            ConfigError: the origin would send passwords in the clear.
        """
        check_origin(origin)
        keys = await SigningKeys.open(database)
        provider = cls(
            database,
            keys,
            OwnOrigins(origin, port=port),
            passwords=passwords,
            settings=settings,
            trail=trail,
        )
        await provider.users.appoint_somebody()
        provider._tidying = asyncio.create_task(provider._tidy_again_and_again())
        return provider

    async def close(self) -> None:
        """End what runs behind the scenes and write down what is not yet."""
        if self._tidying is not None:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
        await self._live.flush()
        await self._keys.close()
        await self.clients.close()

    async def principal(self, token: str) -> Principal | None:
        """Who presents a token or an API key: issued here, its grant alive now."""
        if is_api_key(token):
            grant_id, scopes = await self.api_keys.grant_id(token), frozenset(OPERATION_SCOPES)
            subject = ""
        else:
            verified = await self._tokens.verified(token)
            if verified is None:
                return None
            grant_id, scopes, subject = verified.session_id, verified.scopes, verified.subject
        grant = await self._live.get(grant_id) if grant_id else None
        if grant is None or subject not in {"", grant.user_id}:
            log.warning("token_refused", reason="grant_ended")
            return None
        return Principal(
            grant.user_id,
            grant.username,
            scopes,
            grant.id,
            grant.client_name,
            limits=grant.limits,
        )

    def mark(self, text: str) -> str:
        """16 letters that are equal for equal texts, and tell nothing of the text to others."""
        return derived(self._keys.secret, "mark", text)[:16]

    async def is_live(self, grant_id: str) -> bool:
        """Whether a grant is neither revoked nor expired, and its user not disabled."""
        return await self._live.get(grant_id) is not None

    async def browser_user(self, request: web.Request) -> Principal | None:
        """Who is signed in with the cookie of a browser; may do everything."""
        user = await self._sessions.user(request)
        if user is None:
            return None
        return Principal(
            user.user_id,
            user.username,
            frozenset(OPERATION_SCOPES),
            client="Browser",
            administers=user.administers,
        )

    def sign_in_redirect(self, request: web.Request) -> web.HTTPFound:
        """To the sign-in page, which comes back to this address."""
        return web.HTTPFound(sign_in_address(str(request.rel_url)))

    def anti_forgery(self, request: web.Request) -> str:
        """The hidden field `form` of every form that a signed-in browser is given."""
        return self._sessions.anti_forgery(request)

    def is_genuine(self, request: web.Request, text: str) -> bool:
        """Whether a submitted form carries the text of `anti_forgery`."""
        return self._sessions.is_genuine(request, text)

    async def create_user(self, username: str, password: str, *, administers: bool = False) -> str:
        """Add a user; answers the id. The first one administers the platform in any case.

        Raises:
            Invalid: the name or the password cannot be accepted.
            Conflict: the name is taken.
        """
        return await self.users.create(username, password, administers=administers)

    async def check_password(
        self, username: str, password: str, *, address: str = "", client: str = "REST"
    ) -> str | None:
        """The id of the user, None when the name or the password is wrong.

        Raises:
            TooManyAttemptsError: a Failure of status 429; guessing is slowed down by name and by
                `address` of the caller.
        """
        return await self._accounts.check_password(
            username, password, address=address, client=client
        )

    async def set_password(self, user_id: str, password: str) -> None:
        """Change the password; sessions and grants of the user end.

        Raises:
            Invalid: the password cannot be accepted.
            NotFound: nobody has this id.
        """
        await self.users.set_password(user_id, password)
        self._live.forget()

    async def set_disabled(self, user_id: str, disabled: bool) -> None:
        """Lock a user out, or let him in again.

        Raises:
            NotFound: nobody has this id.
            Conflict: he is the last administrator.
        """
        await self.users.set_disabled(user_id, disabled)
        self._live.forget()

    async def delete_user(self, user_id: str) -> None:
        """Remove a user; his documents are left to the store.

        Raises:
            NotFound: nobody has this id.
        """
        await self.users.delete(user_id)
        self._live.forget()

    async def user(self, user_id: str) -> dict[str, Any]:
        """`{id, username, created, disabled, administrator}`.

        Raises:
            NotFound: nobody has this id.
        """
        return await self.users.get(user_id)

    async def find_user(self, username: str) -> dict[str, Any] | None:
        """As `user`, by name in whatever case."""
        return await self.users.find(username)

    async def session_token(self, user_id: str) -> str:
        """A token of `/public/users/login`: a day, every operation, the REST API only."""
        return await self._local_tokens.session(user_id)

    async def renew_api_key(self, user_id: str) -> str:
        """A new key for the REST API, shown this once; it ends the one before."""
        key = await self.api_keys.renew(user_id)
        self._live.forget()
        return key

    async def mint_token(self, user_id: str, scopes: Iterable[str], life_s: int) -> str:
        """A token for local use by the command line."""
        return await self._local_tokens.command_line(user_id, scopes, life_s)

    async def revoke_grant(self, grant_id: str, *, user_id: str | None = None) -> bool:
        """End a grant from the next call on; whether there was one, of that user if given."""
        return await self._live.revoke(grant_id, user_id=user_id)

    async def delete_unused_clients(self, since_ms: int) -> int:
        """Remove registrations that nobody has used since, with their grants; answers how many."""
        removed = await self.clients.delete_unused(since_ms)
        self._live.forget()
        return removed

    async def delete_client(self, client_id: str) -> bool:
        """Remove a registration and its grants; the client will register again."""
        removed = await self.clients.delete(client_id)
        self._live.forget()
        return removed

    def routes(self) -> list[web.RouteDef]:
        """All addresses of the identity provider."""
        return routes(
            self._registration,
            self._token_endpoint,
            self._authorize,
            self._sign_in,
            self._published,
        )

    async def rotate_keys(self, *, at_once: bool = False) -> str:
        """Let a new key sign in some minutes, or `at_once`; answers its name."""
        return await rotate(self._database, at_once=at_once)

    async def key_states(self) -> list[KeyState]:
        """Every signing key, the oldest first."""
        return await key_states(self._database)

    async def tidy(self) -> None:
        """Remove what has ended and clients that nobody uses."""
        await self.grants.tidy()
        await self._sessions.tidy()
        await self.clients.tidy()
        await self.ci_tokens.tidy()
        await self.api_keys.tidy()
        await forget_old_keys(self._database)

    async def _tidy_again_and_again(self) -> None:
        for turn in itertools.count():
            await asyncio.sleep(_TIDY_S)
            try:
                await self._live.flush()
                if turn % _TIDY_TABLES_EVERY == 0:
                    await self.tidy()
            except Exception:  # the top of this task: nothing here may end the server
                log.exception("identity_tidy_failed")
