"""CI tokens: grants that a user makes without a client, each with one long access token.

The token is a JWT like any other, so that it is checked in the same places; its grant is listed
and revoked with the rest. What it may do is kept beside the grant; the token repeats the areas, so
that the MCP endpoint lists only tools that can work.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.auth.scopes import OPERATION_SCOPES, READ, scope_text
from octoperf_mcp.auth.wrapping import wrapped
from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.idp.access_tokens import AccessTokens
from octoperf_mcp.embedded.idp.grants import Grant, Grants, add_grant
from octoperf_mcp.embedded.idp.tables import CI_CLIENT, grant_limit, grant_run, oauth_grant
from octoperf_mcp.embedded.limits import AREAS, Limits
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import new_id, now_ms

MOST_DAYS = 366
_DAY_MS = 24 * 3600 * 1000
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class WantedToken:
    """What a user wants a token to be; `days` is its life."""

    name: str
    days: int
    read_only: bool = False
    limits: Limits = Limits()

    def check(self) -> None:
        """Check everything but the workspace, which only its documents know.

        Raises:
            Invalid: naming the field.
        """
        name = self.name.strip()
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            raise Invalid(f"A token has a name of 1 to {_LONGEST_NAME} visible characters.")
        if not 1 <= self.days <= MOST_DAYS:
            raise Invalid(f"A token lives 1 to {MOST_DAYS} days.")
        unknown = [area for area in self.limits.areas if area not in AREAS]
        if unknown:
            raise Invalid(f"There is no area {unknown[0]!r}; there are: {', '.join(AREAS)}.")
        budget = (self.limits.most_users, self.limits.most_minutes, self.limits.runs_per_day)
        if min(budget) < 0:
            raise Invalid("A load budget is made of positive numbers.")


class CiTokens:
    """Makes tokens, and counts what they spend.

    Args:
        database: Where grants are.
        tokens: Signs.
        clock: Epoch milliseconds.
    """

    def __init__(
        self, database: Database, tokens: AccessTokens, *, clock: Callable[[], int] = now_ms
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._clock = clock

    async def create(self, user_id: str, wanted: WantedToken) -> tuple[str, Grant]:
        """A token, shown this once, and its grant.

        Raises:
            Invalid: the wish cannot be granted.
        """
        wanted.check()
        now = self._clock()
        grant = Grant(
            id=new_id(),
            user_id=user_id,
            client_id=CI_CLIENT,
            client_name=wanted.name.strip(),
            redirect_uri="",
            scope=READ if wanted.read_only else scope_text(OPERATION_SCOPES),
            resources=(),
            created=now,
            last_used=now,
            expires=now + wanted.days * _DAY_MS,
        )

        async def work(connection: AsyncConnection) -> None:
            await add_grant(connection, grant)
            await connection.execute(
                grant_limit.insert().values(grant_id=grant.id, limits=wanted.limits.document())
            )

        await self._database.write(work)
        life_s = wanted.days * _DAY_MS // 1000
        areas = () if wanted.read_only else wanted.limits.areas or None
        minted = await self._tokens.mint(grant, grant.scope, life_s=life_s, areas=areas)
        return wrapped(minted), grant

    async def spend_run(self, grant_id: str, limits: Limits) -> None:
        """Count a run against the day's budget.

        Raises:
            Forbidden: it is spent.
        """
        if not limits.runs_per_day:
            return
        now = self._clock()
        count = _started_since(grant_id, now - _DAY_MS)
        mine = grant_limit.c.grant_id == grant_id

        async def work(connection: AsyncConnection) -> None:
            # Locks the row, so that two runs that start together are counted one by one.
            await connection.execute(grant_limit.update().where(mine).values(grant_id=grant_id))
            limits.check_runs((await connection.execute(count)).scalar_one())
            await connection.execute(
                grant_run.insert().values(id=new_id(), grant_id=grant_id, started=now)
            )

        await self._database.write(work)

    async def runs_today(self, grant_id: str) -> int:
        """Runs that a grant started within the last 24 hours, as far as they are counted."""
        since = self._clock() - _DAY_MS
        async with self._database.reading() as connection:
            found = await connection.execute(_started_since(grant_id, since))
            return found.scalar_one()

    async def of_user(self, user_id: str) -> list[Grant]:
        """A user's tokens that are alive, the last used first."""
        found = await Grants(self._database).of_user(user_id)
        return [grant for grant in found if grant.client_id == CI_CLIENT]

    async def limits(self, grant_id: str) -> Limits:
        """Limits of a grant; none at all for one that is no CI token's."""
        async with self._database.reading() as connection:
            found = await connection.execute(
                sa.select(grant_limit.c.limits).where(grant_limit.c.grant_id == grant_id)
            )
            document = found.scalar_one_or_none()
        return Limits() if document is None else Limits.of(document)

    async def tidy(self) -> None:
        """Forget limits of grants that are gone, and runs of more than a day ago."""
        alive = sa.select(oauth_grant.c.id).where(oauth_grant.c.id == grant_limit.c.grant_id)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(grant_limit.delete().where(~alive.exists()))
            await connection.execute(
                grant_run.delete().where(grant_run.c.started <= self._clock() - _DAY_MS)
            )

        await self._database.write(work)


def _started_since(grant_id: str, since: int) -> sa.Select[int]:
    """How many runs of a grant started after this moment, in epoch milliseconds."""
    recent = sa.and_(grant_run.c.grant_id == grant_id, grant_run.c.started > since)
    return sa.select(sa.func.count()).select_from(grant_run).where(recent)
