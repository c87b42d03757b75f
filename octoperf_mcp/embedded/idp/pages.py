"""The pages of the identity provider: templates and the headers that protect them."""

import secrets
from typing import Any

import jinja2
from aiohttp import hdrs, web

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("octoperf_mcp.embedded.idp"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(name: str, *, status: int = 200, forms: str = "'self'", **values: Any) -> web.Response:
    """A page: no scripts, no frames around it, kept by nobody.

    Args:
        name: Template.
        status: HTTP status.
        forms: CSP `form-action`; "" leaves it out. The consent page must: browsers hold every
            redirect that follows its form against the directive, also those at the client's end,
            and an application's scheme or an IPv6 address cannot be spelled in it at all.
        values: What the template shows.
    """
    nonce = secrets.token_urlsafe(16)
    policy = [
        "default-src 'none'",
        f"style-src 'nonce-{nonce}'",
        "img-src data:",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        *([f"form-action {forms}"] if forms else []),
    ]
    return web.Response(
        status=status,
        text=_TEMPLATES.get_template(name).render(nonce=nonce, **values),
        content_type="text/html",
        charset="utf-8",
        headers={
            "Content-Security-Policy": "; ".join(policy),
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            hdrs.CACHE_CONTROL: "no-store",
        },
    )


def message(status: int, heading: str, text: str, detail: str = "") -> web.Response:
    """A page that says one thing."""
    return page("message.html", status=status, heading=heading, text=text, detail=detail)


def redirect(location: str, *, status: int = 303) -> web.Response:
    """A redirect to an address as it is: aiohttp's own would write it anew."""
    return web.Response(
        status=status,
        headers={
            hdrs.LOCATION: location,
            hdrs.CACHE_CONTROL: "no-store",
            "Referrer-Policy": "no-referrer",
        },
    )


def local_path(path: str) -> str:
    """An address to go on to, if it is on this server; else the start page.

    Browsers read a backslash as a slash and drop control characters, so neither may occur.
    """
    plain = path.isascii() and path.isprintable() and "\\" not in path
    if plain and path.startswith("/") and not path.startswith("//"):
        return path
    return "/ui/"
