"""Revisions of a virtual user on its page, as a signed-in user sees them."""

import copy

import pytest

from tests.octoperf_mcp.embedded.rest.conftest import EXAMPLES, platform
from tests.octoperf_mcp.embedded.ui.test_parts import Site, site

__all__ = ["platform", "site"]

USER = "virtual_user"


@pytest.fixture
async def edited(site: Site) -> str:
    """A virtual user of Ada's whose first action was disabled, which was then undone."""
    documents = site.platform.documents
    space = await documents.create("workspace", {"name": "w"}, user_id="ada", workspace_id="")
    project = await documents.create("project", {"name": "p"}, user_id="ada", workspace_id=space.id)
    made = await documents.create(
        USER, EXAMPLES[USER], user_id="ada", workspace_id=space.id, project_id=project.id
    )
    body = copy.deepcopy(made.body)
    body["children"][0]["enabled"] = False
    await documents.replace(USER, made.id, body, user_id="ada")
    await documents.undo(USER, made.id, user_id="ada")
    site.path = f"/ui/workspace/{space.id}/project/{project.id}/design/virtual-user/{made.id}"
    return str(body["children"][0]["name"])


async def test_the_page_of_a_virtual_user_tells_who_changed_what(site: Site, edited: str) -> None:
    shown = await site.page("")
    assert f"{edited} : disabled" in shown
    assert f"put back revision 1: {edited} : enabled" in shown
    assert shown.count("ada@example.com") >= 3


async def test_a_revision_has_a_page_with_its_differences(site: Site, edited: str) -> None:
    shown = await site.page("/revision/2")
    assert "Revision 2 of" in shown
    assert f"{edited} : disabled /children/0/enabled" in shown
    assert "No earlier revision is kept." in await site.page("/revision/1")
    for unknown in ("9", "x"):
        await site.page(f"/revision/{unknown}", status=404)
