"""Files of others that the package serves, and the choice between light and dark."""

import hashlib
import re
from importlib.resources import files

import pytest

from tests.octoperf_mcp.embedded.rest.conftest import platform
from tests.octoperf_mcp.embedded.ui.test_parts import Site, site

__all__ = ["platform", "site"]

CHARTS = files("octoperf_mcp.charts")
UNCHANGED = {
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""SHA-256 of the files in the npm package uplot 1.6.32."""


@pytest.mark.parametrize("name", UNCHANGED)
async def test_the_chart_library_is_served_as_its_authors_made_it(site: Site, name: str) -> None:
    answer = await site.client.get(f"/ui/static/{name}")
    assert hashlib.sha256(await answer.read()).hexdigest() == UNCHANGED[name]
    assert "(v1.6.32)" in CHARTS.joinpath("uPlot.iife.min.js").read_text("utf-8")[:100]
    licence = await site.client.get("/ui/static/uPlot-LICENSE.txt")
    assert (await licence.text()).startswith("The MIT License (MIT)")


@pytest.mark.parametrize("name", ["charts.js", "heat.js", "live.js"])
async def test_no_script_builds_code_from_text(site: Site, name: str) -> None:
    script = await (await site.client.get(f"/ui/static/{name}")).text()
    assert not re.search(r"\beval\b|new Function", script)


@pytest.mark.parametrize(("choice", "attribute"), [("dark", ' data-theme="dark"'), ("auto", "")])
async def test_a_page_is_as_light_as_was_chosen(site: Site, choice: str, attribute: str) -> None:
    identity = site.platform.identity
    identity.is_genuine = lambda *_: True  # type: ignore[method-assign]
    form = {"form": "", "theme": choice, "back": "/ui/account/profile"}
    answer = await site.client.post("/ui/theme", data=form, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/ui/account/profile")
    page = await (await site.client.get("/ui/account/profile")).text()
    assert f'<html lang="en"{attribute}>' in page


async def test_a_choice_never_leads_to_another_site(site: Site) -> None:
    identity = site.platform.identity
    identity.is_genuine = lambda *_: True  # type: ignore[method-assign]
    form = {"form": "", "theme": "dark", "back": "//evil.test/"}
    answer = await site.client.post("/ui/theme", data=form, allow_redirects=False)
    assert answer.headers["Location"] == "/ui/"
