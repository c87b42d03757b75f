"""What the identity provider leaves behind of what it did and refused: log lines, audit entries.

Refusals are one log event each, with a constant `reason`; nothing that a stranger sent is repeated
but the id of a client that is known. On the trail is what somebody known did, and every password
that was checked.
"""

from typing import Any

import structlog

from octoperf_mcp.embedded.audit.trail import Entry, Trail
from octoperf_mcp.embedded.idp.client_metadata import Client
from octoperf_mcp.embedded.idp.grants import Grant

log = structlog.get_logger()

_REFUSED = 401


class Record:
    """Writes both.

    Args:
        trail: Where entries go; None for none, where the caller makes his own.
    """

    def __init__(self, trail: Trail | None) -> None:
        self._trail = trail

    def refused(
        self, place: str, reason: str, *, detail: str = "", client: Client | None = None
    ) -> None:
        """A request that was refused.

        Args:
            place: Where: `authorize`, `token`, `register`, …
            reason: A constant word; the code of OAuth where it has one.
            detail: A constant sentence.
            client: Who asked, if that is known.
        """
        told = {"detail": detail, "client_id": client.id if client else ""}
        known = {name: value for name, value in told.items() if value}
        log.warning("oauth_refused", place=place, reason=reason, **known)

    async def signed_in(self, user_id: str, username: str, client: str) -> None:
        """A password that was right; kept when this returns."""
        log.info("signed_in", user_id=user_id, client=client)
        await self._keep(Entry(user_id, username, "sign-in", client=client))

    def not_signed_in(self, user: dict[str, Any] | None, client: str) -> None:
        """A password that was wrong, for a user or for nobody; takes as long for either."""
        user_id, username = (user["id"], user["username"]) if user else ("", "")
        log.warning("sign_in_refused", reason="wrong_name_or_password", user_id=user_id)
        if self._trail is not None:
            entry = Entry(user_id, username, "sign-in", client=client, status=_REFUSED)
            self._trail.add(entry)

    def guessing(self) -> None:
        """A password that was not even looked at."""
        log.warning("sign_in_refused", reason="too_many_attempts")

    async def decided(self, user_id: str, username: str, client: Client, *, allowed: bool) -> None:
        """What a person answered on the consent page."""
        action = "consent.allow" if allowed else "consent.deny"
        log.info("consent_given" if allowed else "consent_denied", client_id=client.id)
        entry = Entry(user_id, username, action, client=client.name, entities=(client.id,))
        await self._keep(entry)

    async def revoked(self, grant: Grant, username: str, reason: str) -> None:
        """A grant that ended at the client's wish, or because a code or token came twice."""
        log.info("grant_revoked", grant_id=grant.id, reason=reason)
        entry = Entry(
            grant.user_id,
            username,
            "connection.revoke",
            token_id=grant.id,
            client=grant.client_name,
            entities=(grant.id,),
            arguments={"reason": reason},
        )
        await self._keep(entry)

    async def connected(self, grant: Grant, username: str) -> None:
        """A code that became a grant."""
        log.info("grant_created", client_id=grant.client_id, user_id=grant.user_id)
        entry = Entry(
            grant.user_id,
            username,
            "connection.create",
            token_id=grant.id,
            client=grant.client_name,
            entities=(grant.id,),
            arguments={"scope": grant.scope},
        )
        await self._keep(entry)

    def refreshed(self, grant: Grant) -> None:
        """A refresh token that became its successor."""
        log.info("grant_refreshed", client_id=grant.client_id, user_id=grant.user_id)

    async def _keep(self, entry: Entry) -> None:
        if self._trail is not None:
            await self._trail.record(entry)
