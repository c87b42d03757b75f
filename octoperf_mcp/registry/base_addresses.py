"""Services other than OctoPerf that the calls of a plugin may go to."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from octoperf_mcp.errors import PluginError

TOKEN: Final = "{token}"  # noqa: S105 - where it goes
MAX_TIMEOUT_S: Final = 60.0
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_FIELD: Final = re.compile(r"[A-Za-z0-9-]+: [\x20-\x7e]+", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class BaseAddress:
    """A service of the plugin's own: `RestCall(…, base=CHAT)` calls it with `ctx.rest`.

    No caller's token, cookie or trace goes there, redirects are not followed, and calls are not
    repeated. Metadata services and link-local addresses are never called; private ones only where
    the operator's configuration has the address, loopback only where it spells loopback.

    Args:
        name: Of the service, in errors, metrics and the log: `chat`.
        url: Its fixed address, https.
        setting: Instead, the key of the plugin's configuration section that has the address, a
            Secret when knowing it is enough (a webhook). While it is empty, tools that name a
            call in `needs` are not listed.
        token_setting: Key of the section with a token of the operator's; empty for none.
        token_header: How that token is sent.
        timeout_s: Longest that a call may take altogether, at most 60.
        max_body_bytes: Largest body that is sent.
        max_answer_bytes: Largest answer that is taken.

    Raises:
        PluginError: these do not fit together.
    """

    name: str
    url: str = ""
    setting: str = ""
    token_setting: str = ""
    token_header: str = f"Authorization: Bearer {TOKEN}"
    timeout_s: float = 10.0
    max_body_bytes: int = 1024 * 1024
    max_answer_bytes: int = 1024 * 1024

    def __post_init__(self) -> None:
        where = f"the base address {self.name!r}"
        if not _NAME.fullmatch(self.name):
            raise PluginError(f"{where} has no name such as `chat`")
        if bool(self.url) == bool(self.setting):
            raise PluginError(f"{where} has either a url or a setting")
        if self.url and (reason := unusable(self.url, secure=True)):
            raise PluginError(f"{where} must be {reason}")
        if not 0 < self.timeout_s <= MAX_TIMEOUT_S:
            raise PluginError(f"{where} has a time limit of more than 0 and up to 60 s")
        if self.token_header.count(TOKEN) != 1 or not _FIELD.fullmatch(self.token_header):
            raise PluginError(f"{where}: token_header is such as 'X-Key: {TOKEN}'")

    @property
    def settings(self) -> tuple[str, ...]:
        """Keys of the section that it reads."""
        return tuple(filter(None, (self.setting, self.token_setting)))


def unusable(url: str, *, secure: bool = False) -> str:
    """What an address must be, empty when it is that.

    Args:
        url: The address.
        secure: Whether it must be https.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - refuses what is no port
    except ValueError:
        return "an address such as https://host/path"
    schemes = {"https"} if secure else {"http", "https"}
    if parts.scheme not in schemes or not parts.hostname:
        return f"an address such as https://host/path ({' or '.join(sorted(schemes))})"
    if parts.username is not None or parts.password is not None:
        return "an address without user and password; use a token"
    if parts.fragment or not re.fullmatch(r"[\x21-\x7e]+", url):
        return "an address of visible ASCII characters without a fragment"
    return ""
