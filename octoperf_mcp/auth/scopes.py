"""The scopes of a token (RFC 6749 section 3.3): what they are called and what they imply."""

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


def scope_text(names: Iterable[str]) -> str:
    """Space-separated, the known ones first and in their usual order."""
    wanted = set(names)
    known = [name for name in ALL_SCOPES if name in wanted]
    return " ".join([*known, *sorted(wanted.difference(ALL_SCOPES))])
