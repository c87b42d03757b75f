"""The cookie jar of one user (RFC 6265): small, since every request of a load test asks it."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

_PREFIX_SECURE = "__Secure-"
_PREFIX_HOST = "__Host-"


@dataclass(slots=True)
class _Cookie:
    name: str
    value: str
    domain: str
    host_only: bool
    path: str
    secure: bool
    expires: float | None


class CookieJar:
    """Cookies by domain, path and name."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], _Cookie] = {}

    def __len__(self) -> int:
        return len(self._cookies)

    def clear(self) -> None:
        """Forget all."""
        self._cookies.clear()

    def store(self, lines: Iterable[str], host: str, path: str) -> None:
        """Take the `Set-Cookie` lines of an answer from `host` to a request for `path`."""
        for line in lines:
            cookie = _parsed(line, host.lower(), path)
            if cookie is None:
                continue
            key = (cookie.domain, cookie.path, cookie.name)
            if cookie.expires is not None and cookie.expires <= time.time():
                self._cookies.pop(key, None)
            else:
                self._cookies[key] = cookie

    def header(self, host: str, path: str, *, secure: bool) -> str:
        """The `Cookie` header for a request; empty when no cookie applies.

        Longer paths come first, older cookies before newer ones (RFC 6265 5.4).
        """
        if not self._cookies:
            return ""
        host = host.lower()
        now = time.time()
        chosen = [
            cookie
            for cookie in self._cookies.values()
            if (secure or not cookie.secure)
            and (cookie.expires is None or cookie.expires > now)
            and _host_matches(cookie, host)
            and path_matches(path, cookie.path)
        ]
        chosen.sort(key=lambda cookie: -len(cookie.path))
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in chosen)

    def values(self) -> dict[str, str]:
        """Name to value, whatever the domain: for `COOKIE_` variables and debugging."""
        return {cookie.name: cookie.value for cookie in self._cookies.values()}


def path_matches(path: str, wanted: str) -> bool:
    """Whether a cookie of path `wanted` goes with a request for `path` (RFC 6265 5.1.4)."""
    if not path.startswith(wanted):
        return False
    return wanted.endswith("/") or len(path) == len(wanted) or path[len(wanted)] == "/"


def _parsed(line: str, host: str, path: str) -> _Cookie | None:
    pair, *attributes = line.split(";")
    name, equals, value = pair.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not name:
        return None
    cookie = _Cookie(name, value, host, True, _default_path(path), False, None)
    max_age: float | None = None
    for attribute in attributes:
        key, _, text = attribute.partition("=")
        key, text = key.strip().lower(), text.strip()
        if key == "secure":
            cookie.secure = True
        elif key == "path" and text.startswith("/"):
            cookie.path = text
        elif key == "domain" and text.lstrip("."):
            cookie.domain, cookie.host_only = text.lstrip(".").lower(), False
        elif key == "max-age":
            max_age = _max_age(text, max_age)
        elif key == "expires":
            cookie.expires = _date(text)
    if max_age is not None:
        cookie.expires = time.time() + max_age if max_age > 0 else 0.0
    return cookie if _acceptable(cookie, host) else None


def _acceptable(cookie: _Cookie, host: str) -> bool:
    if not cookie.host_only and cookie.domain == host:
        return not cookie.name.startswith(_PREFIX_HOST)
    if not cookie.host_only and (
        "." not in cookie.domain or not host.endswith("." + cookie.domain)
    ):
        return False
    if cookie.name.startswith(_PREFIX_HOST):
        return cookie.secure and cookie.host_only and cookie.path == "/"
    return cookie.secure or not cookie.name.startswith(_PREFIX_SECURE)


def _host_matches(cookie: _Cookie, host: str) -> bool:
    if cookie.domain == host:
        return True
    return not cookie.host_only and host.endswith("." + cookie.domain)


def _default_path(path: str) -> str:
    return path[: path.rfind("/")] or "/" if path.startswith("/") else "/"


def _max_age(text: str, before: float | None) -> float | None:
    try:
        return float(int(text))
    except ValueError:
        return before


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text.replace("-", " ")).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
