"""The scopes of a token (RFC 6749 section 3.3): what they are called and what they imply.

Some identity providers write the name of the API before those of its scopes: Cognito everywhere,
Entra ID only where clients ask for them.
"""

from collections.abc import Iterable

READ = "octoperf:read"
WRITE = "octoperf:write"
OFFLINE = "offline_access"

# What every operation together needs, and therefore what the first challenge asks for; never
# `offline_access`, which is between the client and its authorization server.
OPERATION_SCOPES = (READ, WRITE)
ALL_SCOPES = (READ, WRITE, OFFLINE)


def with_implied(names: Iterable[str]) -> frozenset[str]:
    """The names plus what they imply: who may write may read."""
    granted = frozenset(names)
    return granted | {READ} if WRITE in granted else granted


def spelled(names: Iterable[str], prefix: str) -> tuple[str, ...]:
    """The scopes of operations as an identity provider that writes `prefix` wants them asked."""
    return tuple(prefix + name if name in OPERATION_SCOPES else name for name in names)


def without_prefix(names: Iterable[str], prefix: str) -> list[str]:
    """Scopes of a token by their own names, whether or not `prefix` stands before them."""
    return [name.removeprefix(prefix) for name in names]


def scope_text(names: Iterable[str]) -> str:
    """Space-separated, the known ones first and in their usual order."""
    wanted = set(names)
    known = [name for name in ALL_SCOPES if name in wanted]
    return " ".join([*known, *sorted(wanted.difference(ALL_SCOPES))])
