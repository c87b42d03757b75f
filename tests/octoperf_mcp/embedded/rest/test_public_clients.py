"""The calls that public clients of OctoPerf make before a run, as they make them.

The rest of their sequences is in the tests of runs.
"""

import io
from typing import Any

import aiohttp

from octoperf_mcp.embedded.first_start import THIS_MACHINE
from octoperf_mcp.embedded.platform import Platform

TAG = "jmeter-java-dsl"
NOW = "2026-11-23T10:20:30.123456Z"


async def test_the_jmeter_dsl_prepares_its_scenario(
    ada: Any, home: Any, example: Any, platform: Platform
) -> None:
    """abstracta/jmeter-java-dsl: OctoPerfEngine.run, up to runScenario."""
    await platform.documents.plant("docker_provider", THIS_MACHINE)
    user = await ada.get("/users/current")
    workspace = (await ada.get("/workspaces/member-of"))[0]
    listing = f"/design/projects/by-workspace/{workspace['id']}/DESIGN"
    assert not [found for found in await ada.get(listing) if found["name"] == "dsl"]
    base = {"id": "", "userId": user["id"], "description": "", "created": NOW, "lastModified": NOW}
    project = await ada.post(
        "/design/projects",
        {
            **base,
            "workspaceId": workspace["id"],
            "name": "dsl",
            "type": "DESIGN",
            "tags": [TAG],
        },
    )
    imported = await ada.post(
        "/design/virtual-users", {**example("virtual_user"), "projectId": project["id"]}
    )
    await ada.put(
        f"/design/virtual-users/{imported['id']}",
        {**imported, "tags": [*imported["tags"], TAG], "created": NOW, "lastModified": NOW},
    )
    (provider,) = await ada.get(
        "/workspaces/docker-providers/public", params={"workspaceId": workspace["id"]}
    )
    sent = example("scenario")
    profile = {
        **sent["userProfiles"][0],
        "name": "",
        "virtualUserId": imported["id"],
        "providerId": provider["id"],
        "location": next(iter(provider["regions"])),
    }
    scenario = await ada.post(
        "/runtime/scenarios",
        {
            **base,
            "projectId": project["id"],
            "name": "dsl",
            "mode": "STANDARD",
            "tags": [TAG],
            "userProfiles": [profile],
        },
    )
    assert isinstance(scenario["created"], int)
    for path, made in (("/design/virtual-users", imported), ("/runtime/scenarios", scenario)):
        (found,) = await ada.get(f"{path}/by-project/{project['id']}")
        assert TAG in found["tags"]
        await ada.delete(f"{path}/{made['id']}")


async def test_the_maven_plugin_wipes_a_project(ada: Any, home: Any, example: Any) -> None:
    """OctoPerf/octoperf-maven-plugin: WipeProjectMojo, list then delete one by one."""
    project = home.project_id
    for path, kind in (
        ("/runtime/scenarios", "scenario"),
        ("/design/virtual-users", "virtual_user"),
        ("/design/http-servers", "http_server"),
        ("/design/variables", "variable"),
    ):
        made = await ada.post(path, example(kind))
        listed = "description/by-project" if kind == "virtual_user" else "by-project"
        found = await ada.get(f"{path}/{listed}/{project}")
        assert [row["id"] for row in found] == [made["id"]]
        assert all(row.get("description", "") is not None for row in found)
        await ada.delete(f"{path}/{made['id']}")
        assert await ada.get(f"{path}/{listed}/{project}") == []
    form = aiohttp.FormData({"filename": "users.csv"}, default_to_multipart=True)
    form.add_field("file", io.BytesIO(b"a"), filename="users.csv", content_type="text/plain")
    files = f"/design/project-files/{project}"
    await ada.json("POST", files, status=201, data=form)
    for name in await ada.get(f"/design/project-files/list/{project}"):
        await ada.delete(files, params={"filename": name})
    assert await ada.get(f"/design/project-files/list/{project}") == []


async def test_the_blazemeter_migration_creates_workspace_project_and_variable(
    ada: Any, example: Any
) -> None:
    """OctoPerf/bzm-to-octoperf-maven-plugin: its mapper omits nulls and dates."""
    workspace = await ada.post("/workspaces", {"id": "", "userId": "", "name": "BlazeMeter"})
    project = await ada.post(
        "/design/projects",
        {"id": "", "userId": "", "workspaceId": workspace["id"], "name": "p", "description": ""},
    )
    variable = {**example("variable"), "projectId": project["id"]}
    made = await ada.post("/design/variables", variable)
    assert made == {**variable, "id": made["id"], "userId": "ada"}
