"""Files of a project by hand: uploaded with a form, downloaded by a link."""

import re

import aiohttp
import pytest

from tests.octoperf_mcp.embedded.ui.test_people import FORM_TEXT, Person, World, world

__all__ = ["world"]

USERS = b"user,password\nada,1\n"


@pytest.fixture
async def path(world: World) -> str:
    user_id = world.ids["demo"]
    (space,) = await world.platform.documents.list("workspace", user_id=user_id)
    project = await world.platform.documents.create(
        "project", {"name": "p"}, user_id=user_id, workspace_id=space.id
    )
    return f"/ui/workspace/{space.id}/project/{project.id}/design/project-file"


async def sent(person: Person, path: str, form: str, **fields: str) -> str:
    data = aiohttp.FormData({"form": form, **fields})
    data.add_field("file", USERS, filename="users.csv", content_type="text/csv")
    async with person.session.post(person.origin + path, data=data) as answer:
        return await person._seen(answer)


def form_of(page: str) -> str:
    found = FORM_TEXT.search(page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("fields", "name"), [({}, "users.csv"), ({"filename": "a b.csv"}, "a b.csv")]
)
async def test_an_uploaded_file_is_listed_and_can_be_downloaded(
    world: World, path: str, fields: dict[str, str], name: str
) -> None:
    person = await world.person("demo")
    shown = await sent(person, path, form_of(await person.get(path)), **fields)
    assert "The file was uploaded." in shown
    link = re.search(rf'<a href="([^"]+)">{name}</a>', shown)
    assert link
    async with person.session.get(person.origin + link[1]) as answer:
        assert await answer.read() == USERS
        assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (await world.platform.audit.find())[0].action == "project-file.put"


async def test_a_form_from_elsewhere_keeps_nothing(world: World, path: str) -> None:
    person = await world.person("demo")
    await sent(person, path, "forged")
    assert "No file yet." in await person.get(path)


async def test_the_address_of_a_project_leads_to_its_first_page(world: World, path: str) -> None:
    """People cut addresses short."""
    person = await world.person("demo")
    project = path.removesuffix("/design/project-file")
    for address in (project, f"{project}/design/virtual-user"):
        async with person.session.get(person.origin + address) as answer:
            assert (answer.status, answer.url.path) == (200, f"{project}/design/virtual-user")
