"""Names, certificates and clocks."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from octoperf_mcp.config import Settings
from octoperf_mcp.doctor.findings import TIMEOUT_S, Answer, Finding, Places, Web
from octoperf_mcp.upstream.dialing import trust

_SOON_DAYS: Final = 14
_DAY_S: Final = 86_400
_NOTABLE_S: Final = 5.0


def _named(places: Places) -> dict[str, str]:
    """Each address once, with what it is."""
    named: dict[str, str] = {}
    for what, address in (
        ("public address", places.public),
        ("REST API", places.upstream),
        ("issuer", places.issuer),
    ):
        parts = urlsplit(address)
        named.setdefault(f"{parts.scheme}://{parts.netloc}", what)
    return named


async def names(places: Places, web: Web) -> AsyncIterator[Finding]:
    """DNS: every host has an address here."""
    loop = asyncio.get_running_loop()
    for origin, what in _named(places).items():
        host = urlsplit(origin).hostname or ""
        if web.proxy(origin) is not None:
            yield Finding("dns", "skipped", f"{host} ({what}): the proxy looks it up.")
            continue
        try:
            async with asyncio.timeout(TIMEOUT_S):
                found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, TimeoutError, UnicodeError):
            yield Finding(
                "dns",
                "failed",
                f"{host} ({what}) has no address on this machine.",
                "Correct the name, or make it resolve here too: in Kubernetes with hostAliases.",
            )
        else:
            addresses = sorted({str(each[4][0]) for each in found})
            yield Finding("dns", "ok", f"{host} ({what}) is {', '.join(addresses)}.")


async def certificates(places: Places, web: Web, settings: Settings) -> AsyncIterator[Finding]:
    """TLS: the chain leads to somebody trusted, names the host, and lasts."""
    for origin, what in _named(places).items():
        parts = urlsplit(origin)
        if parts.scheme != "https":
            continue
        if web.proxy(origin) is not None:
            yield Finding("tls", "skipped", f"{origin} ({what}) is behind a proxy.")
            continue
        yield await _certificate(origin, what, settings.upstream.ca_file)


async def _certificate(origin: str, what: str, ca_file: str) -> Finding:
    parts = urlsplit(origin)
    host = parts.hostname or ""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _reader, writer = await asyncio.open_connection(
                host, parts.port or 443, ssl=trust(ca_file), server_hostname=host
            )
    except ssl.SSLCertVerificationError as error:
        return Finding(
            "tls", "failed", f"{origin} ({what}): {error.verify_message}.", _mend(error.verify_code)
        )
    except (OSError, TimeoutError) as error:
        return Finding(
            "tls",
            "failed",
            f"{origin} ({what}): no TLS connection ({type(error).__name__}).",
            "Check that a server listens there, and speaks TLS.",
        )
    certificate: dict[str, Any] = writer.get_extra_info("peercert") or {}
    writer.close()
    days = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) // _DAY_S)
    if days < _SOON_DAYS:
        return Finding(
            "tls",
            "warning",
            f"{origin} ({what}): the certificate ends in {days} days.",
            "Renew it.",
        )
    return Finding("tls", "ok", f"{origin} ({what}): trusted, for {days} more days.")


def _mend(code: int) -> str:
    expired, mismatch = 10, 62  # X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_HOSTNAME_MISMATCH
    if code == expired:
        return "Renew the certificate."
    if code == mismatch:
        return "Use the name that the certificate is for, or a certificate for this name."
    return (
        "Let the server send its whole chain; for a private authority give its certificate as "
        "[upstream] ca_file or SSL_CERT_FILE."
    )


def clocks(answers: list[Answer], leeway_s: float) -> list[Finding]:
    """The clocks of who answered, by their Date field; tokens live by them."""
    findings = []
    seen: set[str] = set()
    for answer in answers:
        origin = "://".join(urlsplit(answer.url)[:2])
        skew = _skew_s(answer)
        if skew is None or origin in seen:
            continue
        seen.add(origin)
        if abs(skew) <= _NOTABLE_S:
            findings.append(Finding("clock", "ok", f"{origin} has our time."))
            continue
        ahead = "ahead of" if skew > 0 else "behind"
        message = f"{origin} is {abs(skew):.0f} s {ahead} this machine."
        mend = "Synchronise the clocks of both machines (NTP)."
        beyond = abs(skew) > leeway_s
        findings.append(Finding("clock", "failed" if beyond else "warning", message, mend))
    return findings


def _skew_s(answer: Answer) -> float | None:
    """Seconds that the other clock is ahead, as near as whole seconds tell."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return None
    if theirs + 1 < answer.asked_at:
        return theirs + 1 - answer.asked_at
    return max(0.0, theirs - answer.answered_at)
