"""What is wrong with settings that are each well formed: they contradict each other."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from octoperf_mcp.auth.hosts import is_loopback
from octoperf_mcp.config.settings import Settings
from octoperf_mcp.config.values import shown
from octoperf_mcp.errors import ConfigError

MIN_SECRET_CHARS = 32


def contradictions(settings: Settings) -> list[str]:
    """One sentence for each, which names keys, values and where they come from."""
    return [text.rstrip(".") + "." for part in _PARTS for text in part(settings)]


def refuse_contradictions(settings: Settings) -> None:
    """Raise what `contradictions` finds.

    Raises:
        ConfigError: something.
    """
    found = contradictions(settings)
    if found:
        raise ConfigError("\n".join(found))


def _told(settings: Settings, section: str, key: str) -> str:
    """`[server] host = "0.0.0.0" (flag --host)`."""
    value = shown(getattr(settings[section], key))
    return f"[{section}] {key} = {value!r} ({settings.origin(section, key)})"


def _addresses(settings: Settings) -> Iterator[str]:
    keys = (
        ("server", "public_url", "origin"),
        ("upstream", "url", "address"),
        ("upstream", "ui_url", "address"),
        ("auth", "issuer", "address"),
        ("auth", "jwks_url", "address"),
    )
    for section, key, kind in keys:
        value = getattr(settings[section], key)
        reason = _wrong_address(value, whole=kind == "address") if value else ""
        if reason:
            yield f"{_told(settings, section, key)} must be {reason}"


def _wrong_address(value: str, *, whole: bool) -> str:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - refuses what is no port
    except ValueError:
        return "an address such as https://host"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "an address such as https://host"
    if parts.query or parts.fragment:
        return "an address without query and fragment"
    if not whole and parts.path not in {"", "/"}:
        return "an origin such as https://host, without a path"
    return ""


def _listening(settings: Settings) -> Iterator[str]:
    host = settings.server.host
    if is_loopback(host):
        return
    if settings.auth.mode == "off":
        yield (
            f"{_told(settings, 'auth', 'mode')} is for loopback addresses only, and "
            f"{_told(settings, 'server', 'host')} is none"
        )
    if not settings.server.public_url:
        yield (
            f"{_told(settings, 'server', 'host')} needs the origin that clients see: "
            "[server] public_url, --public-url https://octoperf.example.com"
        )


def _tls(settings: Settings) -> Iterator[str]:
    server = settings.server
    for key in ("tls_cert", "tls_key"):
        file = getattr(server, key)
        if file and not Path(file).is_file():
            yield f"{_told(settings, 'server', key)} is no file"
    if server.tls_key and not server.tls_cert:
        yield f"{_told(settings, 'server', 'tls_key')} needs [server] tls_cert"
    if server.tls_cert and server.public_url.startswith("http:"):
        yield (
            f"{_told(settings, 'server', 'tls_cert')} serves https, and "
            f"{_told(settings, 'server', 'public_url')} is plain http"
        )


def _secrets(settings: Settings) -> Iterator[str]:
    secrets = settings.server.secrets.reveal().split()
    if any(len(secret) < MIN_SECRET_CHARS for secret in secrets):
        yield (
            f"{_told(settings, 'server', 'secrets')} must have {MIN_SECRET_CHARS} characters each"
        )
    if settings.shared.redis_url and not secrets:
        yield (
            f"{_told(settings, 'shared', 'redis_url')} needs [server] secrets, the same on all "
            "replicas: without them no replica can read another's sessions"
        )


def _platform(settings: Settings) -> Iterator[str]:
    if settings.upstream.url and settings.embedded.database_url:
        yield (
            f"{_told(settings, 'upstream', 'url')} and "
            f"{_told(settings, 'embedded', 'database_url')} exclude each other: a bridge has no "
            "database"
        )


def _bridge_only(settings: Settings) -> Iterator[str]:
    if settings.upstream.routes_file and not settings.upstream.url:
        yield (
            f"{_told(settings, 'upstream', 'routes_file')} needs [upstream] url: the embedded "
            "platform has its own routes"
        )
    file = settings.upstream.ca_file
    if file and not Path(file).is_file():
        yield f"{_told(settings, 'upstream', 'ca_file')} is no file"


def _proxies(settings: Settings) -> Iterator[str]:
    for text in settings.server.trusted_proxies:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            yield (
                f"{_told(settings, 'server', 'trusted_proxies')}: {text!r} is no address or network"
            )


def _plugins(settings: Settings) -> Iterator[str]:
    both = sorted({*settings.plugins.enable} & {*settings.plugins.disable})
    if both:
        yield (
            f"{_told(settings, 'plugins', 'enable')} and {_told(settings, 'plugins', 'disable')} "
            f"exclude each other: {', '.join(both)}"
        )


_PARTS = (_addresses, _listening, _tls, _secrets, _platform, _bridge_only, _proxies, _plugins)
