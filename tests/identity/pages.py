"""Somebody at Keycloak's own pages: signs in, gives consent, and keeps what was asked.

`python -m tests.identity.pages ADDRESS` is a browser, which follows the redirect to the client.
"""

import asyncio
import re
import sys
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
from yarl import URL

from octoperf_mcp.cli.sign_in import FormSignIn
from tests.end_to_end.clients import Person

NAME, PASSWORD = "ada", "a lovely engine"
_MOST_PAGES = 6
_FORM = re.compile(r'<form[^>]*action="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class KeycloakPages(FormSignIn):
    """Types name and password, answers yes; `consents` are the texts of the consent pages."""

    def __init__(self, address: str) -> None:
        (back,) = parse_qs(urlsplit(address).query)["redirect_uri"]
        super().__init__(NAME, PASSWORD, back)
        # Keycloak's cookies are for secure origins, among which browsers count loopback.
        self._jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=URL(address).origin())
        self.consents: list[str] = []

    async def open(self, address: str) -> None:
        """Go through the pages as far as the redirect to the client."""
        step: dict[str, Any] = {"method": "GET", "url": address}
        async with self._session() as session:
            for _ in range(_MOST_PAGES):
                async with session.request(**step, allow_redirects=False) as answer:
                    page = await answer.text()
                    location = answer.headers.get("Location", "")
                if location.startswith(self.redirect_uri):
                    self.landed = location
                    return
                here = str(step["url"])
                step = (
                    {"method": "GET", "url": urljoin(here, location)}
                    if location
                    else self._filled(here, page)
                )
        raise AssertionError("the pages lead nowhere")

    def _filled(self, here: str, page: str) -> dict[str, Any]:
        found = _FORM.search(page)
        assert found, re.sub(r"<[^>]+>|\s+", " ", page)[-600:]
        data = {name: unescape(value) for name, value in _HIDDEN.findall(page)}
        if 'name="accept"' in page:
            self.consents.append(" ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split()))
            data["accept"] = "Yes"
        else:
            data |= self._fields
        return {"method": "POST", "url": urljoin(here, unescape(found[1])), "data": data}


class KeycloakPerson(Person):
    """Somebody whose browser starts anew at each sign-in."""

    def __init__(self) -> None:
        super().__init__()
        self.consents: list[str] = []

    async def open(self, address: str) -> None:
        self.opened.append(address)
        pages = KeycloakPages(address)
        self.pages = pages
        await pages.open(address)
        self.consents += pages.consents


async def browse(address: str) -> None:
    """What a browser does that somebody signs in with."""
    pages = KeycloakPages(address)
    await pages.open(address)
    async with aiohttp.ClientSession() as session, session.get(pages.landed) as answer:
        answer.raise_for_status()


if __name__ == "__main__":
    asyncio.run(browse(sys.argv[1]))
