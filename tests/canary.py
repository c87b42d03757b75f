"""No secret in any output of any test: every one that is made or given is looked for afterwards.

The places where secrets come into being are watched: random tickets (codes, tokens, cookies, signed
addresses), passwords, values of secret variables. What tests of the whole suite write to standard
output, standard error or a log must hold none of them, nor anything that looks like one. Logs are
written without their filter in most tests, so this finds code that would rely on it.
"""

import functools
import re
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

_SHORTEST = 8
_SECRET_SIZES = frozenset({12, 24, 32, 48})
"""Random bytes of secrets; ids are of other sizes (`schema.new_id`)."""

_LOOKS_LIKE_ONE = re.compile(
    r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"  # a JWT
    r"|(?i:bearer\s+)[\w.~+/-]{12,}"
    r"|/public/presigned/[\w-]{20,}"
    r"|[?&]code=[\w-]{20,}"
    r"|octoperf-(?:session|sign-in)[\w-]*=[\w-]{20,}"
)

known: deque[str] = deque(maxlen=2000)
"""The latest secrets."""


def watch(patch: pytest.MonkeyPatch) -> None:
    """Remember each secret where it comes into being, until the patch is undone."""
    patch.setattr(secrets, "token_urlsafe", _remembering_ticket(secrets.token_urlsafe))
    try:
        from octoperf_mcp.embedded.idp.passwords import Passwords
        from octoperf_mcp.embedded.store.secrets import Secrets
    except ImportError:  # the bridge alone is installed
        return
    for name in ("hash", "check"):
        patch.setattr(Passwords, name, _remembering_password(getattr(Passwords, name)))
    patch.setattr(Secrets, "_seal", _remembering_value(Secrets._seal))


def leaks(text: str) -> list[str]:
    """What is in a text and must not be there."""
    found = [secret for secret in known if secret in text]
    return [*found, *(match[0] for match in _LOOKS_LIKE_ONE.finditer(text))]


def _remember(secret: Any) -> None:
    if isinstance(secret, str) and len(secret) >= _SHORTEST:
        known.append(secret)


def _remembering_ticket(made: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(made)
    def make(nbytes: int | None = None) -> str:
        ticket = made(nbytes)
        if nbytes in _SECRET_SIZES:
            _remember(ticket)
        return ticket

    return make


def _remembering_password(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def act(self: Any, password: str, *rest: Any) -> Any:
        _remember(password)
        return method(self, password, *rest)

    return act


def _remembering_value(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def act(self: Any, value: dict[str, Any], *rest: Any) -> Any:
        _remember(value["value"])
        return method(self, value, *rest)

    return act
