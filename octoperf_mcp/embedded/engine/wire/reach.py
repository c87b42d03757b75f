"""Where a run with many users may go: only to hosts that somebody confirmed.

A plan names hosts; a redirect, a page, a variable, or a name that suddenly means another address
may lead elsewhere. So the engine holds the line of the gate at each look-up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Any, Self

from octoperf_mcp.embedded.engine.wire.forbidden_addresses import ForbiddenAddressError


class UnconfirmedHostError(ForbiddenAddressError):
    """A host that nobody confirmed, in a run that needs it."""

    def __init__(self, host: str, users: int) -> None:
        OSError.__init__(
            self,
            f"Refused to connect to {host}: nobody confirmed it for more than {users} users",
        )


@dataclass(frozen=True, slots=True)
class Reach:
    """The confirmed hosts of a run; this machine is always one."""

    users: int
    """So many may go without a confirmation."""
    hosts: Sequence[str] = ()
    """In lower case; `*` stands for any text."""
    pinned: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Hosts that confirmed themselves, with the addresses that were asked: no others count."""

    @classmethod
    def of(cls, message: Mapping[str, Any] | None) -> Self | None:
        """From an order; None: anywhere."""
        return cls(**message) if message is not None else None

    def message(self) -> dict[str, Any]:
        """As part of an order."""
        return asdict(self)

    def addresses(self, host: str) -> Sequence[str]:
        """What is looked up instead of a host: the addresses that are pinned, else itself."""
        return self.pinned.get(_plain(host)) or (host,)

    def require(self, host: str, addresses: Sequence[str]) -> None:
        """Refuse a host.

        Args:
            host: As it was looked up.
            addresses: What it means.

        Raises:
            UnconfirmedHostError: nobody confirmed it.
        """
        name = _plain(host)
        if name in self.pinned or any(fnmatchcase(name, pattern) for pattern in self.hosts):
            return
        if not all(ip_address(each.partition("%")[0]).is_loopback for each in addresses):
            raise UnconfirmedHostError(host, self.users)


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
