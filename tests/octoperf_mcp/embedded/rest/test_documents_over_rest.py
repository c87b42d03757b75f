"""What holds for every kind of document: create, read, replace, revisions, delete."""

from typing import Any

import pytest

ROUTES = {
    "virtual_user": "/design/virtual-users",
    "http_server": "/design/http-servers",
    "variable": "/design/variables",
    "correlation_rule": "/design/correlation-rules",
    "scenario": "/runtime/scenarios",
}


@pytest.mark.parametrize("kind", ROUTES)
async def test_a_document_goes_round(ada: Any, home: Any, example: Any, kind: str) -> None:
    """201 on create, 200 on read and replace, 204 on delete."""
    sent = {**example(kind), "fromTheFuture": {"a": [1, None, "é"]}}
    made = await ada.post(ROUTES[kind], sent)
    assert {**sent, **made} == made
    assert len(made["id"]) == 20
    assert made["userId"] == "ada"
    path = f"{ROUTES[kind]}/{made['id']}"
    assert await ada.get(path) == made
    assert await ada.get(f"{ROUTES[kind]}/by-project/{home.project_id}") == [made]
    changed = await ada.put(path, {**made, "name": "Changed"})
    stamped = {"lastModified": changed["lastModified"]} if "lastModified" in changed else {}
    assert changed == {**made, "name": "Changed", **stamped}
    await ada.delete(path)
    await ada.get(path, status=404)
    assert await ada.get(f"{ROUTES[kind]}/by-project/{home.project_id}") == []


@pytest.mark.parametrize("kind", ROUTES)
async def test_what_a_client_leaves_out_is_filled_in(ada: Any, example: Any, kind: str) -> None:
    """The vendor's clients refuse a null description; mappers omit nulls."""
    sent = example(kind)
    for name in ("description", "tags", "mode", "id", "userId"):
        sent.pop(name, None)
    made = await ada.post(ROUTES[kind], sent)
    if kind != "http_server":
        assert made["description"] == ""
    assert None not in [made.get("tags", []), made.get("mode", "")]


async def test_a_virtual_user_without_a_type_is_one(ada: Any, home: Any) -> None:
    made = await ada.post("/design/virtual-users", {"projectId": home.project_id, "name": "Empty"})
    assert (made["@type"], made["type"], made["children"]) == ("VirtualUser", "JMETER", [])


async def test_versions_are_etags_and_if_match_is_a_courtesy(ada: Any, example: Any) -> None:
    """Decision 9: clients of the original omit If-Match, and the last write wins."""
    answer = await ada.call("POST", "/runtime/scenarios", json=example("scenario"))
    made = await answer.json()
    assert answer.headers["ETag"] == '"1"'
    path = f"/runtime/scenarios/{made['id']}"

    async def put(**headers: str) -> tuple[int, str | None]:
        answered = await ada.call("PUT", path, json=made, headers=headers)
        return answered.status, answered.headers.get("ETag")

    assert await put() == (200, '"2"')
    assert await put(**{"If-Match": '"1"'}) == (412, None)
    assert await put(**{"If-Match": '"two"'}) == (412, None)
    assert await put(**{"If-Match": '"2"'}) == (200, '"3"')
    assert await put(**{"If-Match": 'W/"3"'}) == (200, '"4"')
    assert await put(**{"If-Match": "*"}) == (200, '"5"')
    assert (await ada.call("GET", path)).headers["ETag"] == '"5"'
    stale = await ada.call("DELETE", path, headers={"If-Match": '"4"'})
    assert stale.status == 412
    assert (await stale.json())["version"] == 5
    assert (await ada.call("DELETE", path, headers={"If-Match": '"5"'})).status == 204


@pytest.mark.parametrize("kind", ["virtual_user", "scenario"])
async def test_an_earlier_version_can_be_put_back(ada: Any, example: Any, kind: str) -> None:
    made = await ada.post(ROUTES[kind], example(kind))
    path = f"{ROUTES[kind]}/{made['id']}"
    await ada.put(path, {**made, "name": "Worse"})
    latest, first = await ada.get(f"{ROUTES[kind]}/revisions/{made['id']}")
    assert (latest["version"], latest["by"], latest["byName"]) == (2, "ada", "ada@example.com")
    assert (latest["summary"], first["summary"]) == ("renamed to *Worse*", "created")
    earlier = await ada.get(f"{ROUTES[kind]}/revisions/{made['id']}/1")
    assert earlier == made
    assert (await ada.put(path, earlier))["name"] == made["name"]
    await ada.get(f"{ROUTES[kind]}/revisions/{made['id']}/9", status=404)
    await ada.get(f"{ROUTES[kind]}/revisions/{made['id']}/x", status=400)


async def test_a_document_stays_in_its_project(ada: Any, home: Any, example: Any) -> None:
    other = await ada.post("/design/projects", {"name": "B", "workspaceId": home.workspace_id})
    made = await ada.post("/design/variables", example("variable"))
    path = f"/design/variables/{made['id']}"
    moved = await ada.put(path, {**made, "projectId": other["id"], "id": "x", "userId": "eve"})
    assert moved == made


async def test_a_document_needs_a_project_that_one_sees(ada: Any, eve: Any, example: Any) -> None:
    await eve.post("/design/variables", example("variable"), status=404)
    refused = await ada.post("/design/variables", {"name": "x"}, status=400)
    assert refused["pointer"] == "/projectId"


async def test_secret_values_never_come_back(
    ada: Any, home: Any, example: Any, tmp_path: Any
) -> None:
    """Write-only in answers, encrypted at rest."""
    secret = {"type": "PLAIN", "value": "hunter2-hunter2"}
    variable = {"@type": "SecretVariable", "value": secret}
    made = await ada.post("/design/variables", {**example("variable"), "variable": variable})
    server = example("http_server")
    server["authorizations"] = [
        {"@type": "BasicAuthorization", "username": "u", "password": secret}
    ]
    kept = await ada.post("/design/http-servers", server)
    assert made["variable"]["value"]["type"] == "ENCRYPTED"
    assert kept["authorizations"][0]["password"]["type"] == "ENCRYPTED"
    again = await ada.put(f"/design/variables/{made['id']}", {**made, "name": "renamed"})
    assert again["variable"] == made["variable"]
    forged = {**made, "variable": {**variable, "value": {"type": "ENCRYPTED", "value": "forged"}}}
    assert "PLAIN" in (await ada.post("/design/variables", forged, status=400))["message"]
    for file in tmp_path.iterdir():
        assert b"hunter2-hunter2" not in file.read_bytes()


async def test_scenarios_and_servers_are_listed_for_several_projects(
    ada: Any, eve: Any, home: Any, example: Any
) -> None:
    scenario = await ada.post("/runtime/scenarios", example("scenario"))
    await ada.post("/runtime/scenarios", {**example("scenario"), "mode": "SLA"})
    server = await ada.post("/design/http-servers", example("http_server"))
    for path, made in (("/runtime/scenarios", scenario), ("/design/http-servers", server)):
        several = f"{path}/by-projects"
        assert await ada.post(several, [home.project_id], status=200) == [made]
        assert await ada.post(several, [], status=200) == []
        await ada.post(several, {"id": home.project_id}, status=400)
        await eve.post(several, [home.project_id], status=404)
