"""Importing by hand, as an agent that can upload nothing asks people to."""

from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from octoperf_mcp.demo.shop_recording import recording
from octoperf_mcp.entities.extensions import Extensions, Importer
from tests.octoperf_mcp.embedded.ui.test_people import FORM_TEXT, Person, World, world

__all__ = ["world"]

SPEC = b"import { test } from '@playwright/test';\ntest('opens', async ({ page }) => {});\n"
PLAN = (
    b"<jmeterTestPlan><hashTree><TestPlan/><hashTree>"
    b'<ThreadGroup testname="A"/><hashTree><HTTPSamplerProxy testname="Home">'
    b'<stringProp name="HTTPSampler.domain">a.example</stringProp></HTTPSamplerProxy><hashTree/>'
    b'</hashTree><ThreadGroup testname="B"/><hashTree><HTTPSamplerProxy testname="Home">'
    b'<stringProp name="HTTPSampler.domain">a.example</stringProp></HTTPSamplerProxy><hashTree/>'
    b"</hashTree></hashTree></hashTree></jmeterTestPlan>"
)
COLLECTION = b'{"info": {"name": "Calls"}, "item": [{"name": "P", "request": "http://a.example/"}]}'


@dataclass
class Importing:
    """A person before the form of a project."""

    person: Person
    world: World
    project_id: str
    path: str

    async def send(
        self, *, form: str | None = None, file: bytes | None = None, **fields: str
    ) -> str:
        page = await self.person.get(self.path)
        found = FORM_TEXT.search(page)
        assert found
        data = aiohttp.FormData({"form": found[1] if form is None else form, **fields})
        if file is not None:
            data.add_field("file", file, filename="shop.spec.ts")
        else:
            data.add_field("none", b"", filename="")
        async with self.person.session.post(self.person.origin + self.path, data=data) as answer:
            return await self.person._seen(answer)

    async def kept(self) -> list[dict[str, Any]]:
        found = await self.world.platform.documents.list(
            "virtual_user", user_id=self.world.ids["demo"], project_id=self.project_id
        )
        return [one.body for one in found]


@pytest.fixture
async def importing(world: World) -> Importing:
    user_id = world.ids["demo"]
    documents = world.platform.documents
    (space,) = await documents.list("workspace", user_id=user_id)
    project = await documents.create(
        "project", {"name": "p"}, user_id=user_id, workspace_id=space.id
    )
    path = f"/ui/workspace/{space.id}/project/{project.id}/design/virtual-user"
    return Importing(await world.person("demo"), world, project.id, path)


@pytest.mark.parametrize(
    ("kind", "file", "name"),
    [
        ("har", recording(), "shop.spec"),
        ("postman", COLLECTION, "Calls"),
        ("playwright", SPEC, "shop"),
    ],
)
async def test_a_file_of_each_kind_becomes_a_virtual_user_and_its_page(
    importing: Importing, kind: str, file: bytes, name: str
) -> None:
    shown = await importing.send(kind=kind, file=file, name="")
    assert f"<h1>{name}</h1>" in shown
    (made,) = await importing.kept()
    assert made["name"] == name
    assert importing.person.url.endswith(made["id"])
    noted = (await importing.world.platform.audit.find())[0]
    assert (noted.action, noted.entities) == (f"import.{kind}", (made["id"],))


async def test_a_plan_of_two_thread_groups_leads_back_to_the_list(importing: Importing) -> None:
    shown = await importing.send(kind="jmx", file=PLAN)
    assert "The file was imported." in shown
    assert [one["name"] for one in await importing.kept()] == ["A", "B"]


async def test_an_archive_is_restored_under_another_name(importing: Importing) -> None:
    await importing.send(kind="har", file=recording(), name="First")
    (made,) = await importing.kept()
    _, token = await importing.world.connect("demo")
    path = f"{importing.world.origin}/design/virtual-users/export/{made['id']}"
    headers = {"Authorization": f"Bearer {token}"}
    async with importing.person.session.get(path, headers=headers) as answer:
        archive = await answer.read()
    await importing.send(kind="archive", file=archive, name="Second")
    first, second = await importing.kept()
    assert (first["name"], second["name"]) == ("First", "Second")
    assert second["children"] == first["children"]


async def test_the_form_offers_what_plugins_that_are_on_bring(importing: Importing) -> None:
    platform = importing.world.platform
    off = Extensions(off=lambda: {("import", "curl"): "curl"})
    on = Extensions(importers=(Importer("curl", "octoperf_curl.reading:read", name="curl lines"),))
    platform.extensions = on
    assert '<option value="curl">curl lines</option>' in await importing.person.get(importing.path)
    await importing.send(kind="curl", file=b"curl http://a.example/cart", name="Cart")
    (made,) = await importing.kept()
    assert (made["name"], len(made["children"])) == ("Cart", 1)
    platform.extensions = off
    assert 'value="curl"' not in await importing.person.get(importing.path)
    shown = await importing.send(kind="curl", file=b"curl http://a.example/cart")
    assert "It comes with the plugin curl, which is off here." in shown
    assert importing.person.status == 400


@pytest.mark.parametrize(("kind", "type_"), [("urls", "JMETER"), ("web-driver", "WEB_DRIVER")])
async def test_addresses_are_imported_one_a_line(
    importing: Importing, kind: str, type_: str
) -> None:
    await importing.send(kind=kind, urls="http://a.example/\r\nhttp://a.example/b\r\n", name="")
    (made,) = await importing.kept()
    assert (made["type"], len(made["children"])) == (type_, 2)


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"kind": "har", "file": b"<html>"}, 400, "no JSON"),
        ({"kind": "har"}, 400, "no part"),
        ({"kind": "exe", "file": b"MZ"}, 400, "what kind"),
        ({"kind": "urls", "urls": "nowhere"}, 400, "absolute"),
        ({"kind": "playwright", "file": SPEC, "form": "forged"}, 403, "came from elsewhere"),
    ],
)
async def test_what_cannot_be_imported_is_told_and_nothing_is_kept(
    importing: Importing, fields: dict[str, Any], status: int, told: str
) -> None:
    shown = await importing.send(**fields)
    assert importing.person.status == status
    assert told in shown
    assert await importing.kept() == []


async def test_a_stranger_has_no_such_form(importing: Importing) -> None:
    person = await importing.world.person("eve")
    data = aiohttp.FormData({"form": "x", "kind": "urls", "urls": "http://a.example/"})
    data.add_field("none", b"", filename="")
    async with person.session.post(person.origin + importing.path, data=data) as answer:
        assert answer.status == 403
    await person.get(importing.path)
    assert person.status == 404
