"""Checking passwords for whoever asks over the network: slowly for those who guess."""

import math
from collections.abc import Hashable

from octoperf_mcp.embedded.failures import Failure
from octoperf_mcp.embedded.idp.record import Record
from octoperf_mcp.embedded.idp.throttle import Throttle
from octoperf_mcp.embedded.idp.users import Users

_WINDOW_S = 15 * 60
_PER_NAME_AND_ADDRESS = 5
_PER_NAME = 50
_PER_ADDRESS = 50


class TooManyAttemptsError(Failure):
    """429: guessing is slowed down; `wait_s` is when to try again."""

    code = "too_many_attempts"
    status = 429

    def __init__(self, wait_s: float) -> None:
        super().__init__(
            "Too many attempts; try again later.", details={"retryAfterSec": math.ceil(wait_s)}
        )
        self.wait_s = wait_s


class Accounts:
    """Users behind a throttle.

    Failures count for the pair of name and address, and with a wider limit for each alone, so
    that neither one address trying many names nor many addresses trying one name goes on.
    """

    def __init__(self, users: Users, record: Record) -> None:
        self._users = users
        self._record = record
        self._pairs = Throttle(_PER_NAME_AND_ADDRESS, _WINDOW_S)
        self._names = Throttle(_PER_NAME, _WINDOW_S)
        self._addresses = Throttle(_PER_ADDRESS, _WINDOW_S)

    async def check_password(
        self, username: str, password: str, *, address: str, client: str
    ) -> str | None:
        """The id of the user, None when the name or the password is wrong; both are noted.

        Args:
            username: In whatever case.
            password: As it was typed.
            address: Whence; "" for this machine.
            client: With what, as the audit trail names it.

        Raises:
            TooManyAttemptsError: before looking at the password.
        """
        name = username.strip().casefold()
        counters: list[tuple[Throttle, Hashable]] = [
            (self._pairs, (name, address)),
            (self._names, name),
        ]
        if address:
            counters.append((self._addresses, address))
        wait_s = max(throttle.wait_s(key) for throttle, key in counters)
        if wait_s > 0:
            self._record.guessing()
            raise TooManyAttemptsError(wait_s)
        # Counted before the slow check, so that parallel guesses cannot all slip through.
        for throttle, key in counters:
            throttle.count(key)
        user_id = await self._users.check_password(username, password)
        user = await self._users.find(username)
        if user_id is None:
            self._record.not_signed_in(user, client)
        else:
            await self._record.signed_in(user_id, user["username"] if user else "", client)
            self._pairs.forget((name, address))
            self._names.forget(name)
            # Only this attempt: a guesser with an account of his own starts no new count.
            self._addresses.take_back(address)
        return user_id
