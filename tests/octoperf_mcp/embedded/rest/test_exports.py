"""Archives over REST: what is exported comes back equal, and never with a secret."""

import io
import zipfile
from typing import Any

import aiohttp
import orjson
import pytest
import sqlalchemy as sa

from octoperf_mcp.demo.shop_recording import recording
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.store.schema import document, project_file
from octoperf_mcp.entities.check import check

Json = dict[str, Any]
Rest = Any
Home = Any
OWNED = {"id", "userId", "projectId", "created", "lastModified", "baseUrl"}


def form(data: bytes, name: str = "archive.zip") -> aiohttp.FormData:
    made = aiohttp.FormData()
    made.add_field("file", data, filename=name)
    return made


def content(body: Json, *, without: set[str] = OWNED) -> Json:
    return {name: value for name, value in body.items() if name not in without}


def entries(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


async def exported(user: Rest, virtual_user: str, *, status: int = 200) -> bytes:
    answer = await user.call("GET", f"/design/virtual-users/export/{virtual_user}")
    assert answer.status == status, await answer.text()
    return bytes(await answer.read())


async def second_project(user: Rest, home: Home) -> str:
    body = {"name": "Second", "workspaceId": home.workspace_id}
    return str((await user.post("/design/projects", body))["id"])


async def restored(user: Rest, project: str, archive: bytes, *, status: int = 200) -> Json:
    answer: Json = await user.json(
        "POST", f"/imports/archive/{project}", status=status, data=form(archive)
    )
    return answer


@pytest.fixture
async def rich(ada: Rest, home: Home) -> Json:
    """A recording with a fragment, variables that mention others, a file, a rule, a password."""
    project = home.project_id
    path = f"/imports/har/{project}"
    recorded = await ada.json("POST", path, data=form(recording(), "shop.har"))
    fragment = await ada.post(
        "/design/virtual-users",
        {"name": "Sign in", "type": "FRAGMENTS", "projectId": project, "children": []},
    )
    await ada.json("POST", f"/design/project-files/{project}?filename=users.csv", status=201,
                   data=form(b"login,word\nada,lamplight\n", "users.csv"))  # fmt: skip
    await ada.json("POST", f"/design/project-files/{project}?filename=other.csv", status=201,
                   data=form(b"unused\n", "other.csv"))  # fmt: skip
    csv = {"@type": "CSVVariable", "filename": "users.csv", "delimiter": ",", "names": [],
           "scope": "SHARED"}  # fmt: skip
    for name, inner in (
        ("accounts", csv),
        ("greeting", {"@type": "ConstantVariable", "value": "Hello ${login}"}),
        ("key", {"@type": "SecretVariable", "value": {"type": "PLAIN", "value": "hidden-word"}}),
        ("unused", {"@type": "ConstantVariable", "value": "x"}),
    ):
        await ada.post("/design/variables", {"name": name, "projectId": project, "variable": inner})
    await ada.post(f"/design/correlation-rules/add-framework/{project}/dotnet", {}, status=200)
    (server,) = await ada.get(f"/design/http-servers/by-project/{project}")
    authorization = {"@type": "BasicAuthorization", "username": "ada",
                     "password": {"type": "PLAIN", "value": "hidden-word"}}  # fmt: skip
    await ada.put(
        f"/design/http-servers/{server['id']}", {**server, "authorizations": [authorization]}
    )
    think = {
        "@type": "ThinktimeAction", "id": "t", "name": "${greeting} ${key}", "enabled": True,
        "thinktime": {"@type": "ThinktimeConstant", "value": 1},
    }  # fmt: skip
    link = {"@type": "LinkAction", "id": "l", "name": "Sign in", "enabled": True,
            "virtualUserId": fragment["id"]}  # fmt: skip
    body = {**recorded, "children": [*recorded["children"], think, link]}
    made: Json = await ada.put(f"/design/virtual-users/{recorded['id']}", body)
    return made


async def test_an_archive_comes_back_equal_in_another_project(
    ada: Rest, home: Home, rich: Json, platform: Platform
) -> None:
    archive = await exported(ada, rich["id"])
    other = await second_project(ada, home)
    made = await restored(ada, other, archive)
    report = made.pop("importReport")
    assert (report["droppedTotal"], report["changedTotal"]) == (0, 2)
    check("virtual_user", made)
    assert made["projectId"] == other
    assert content(made, without={*OWNED, "children"}) == content(
        rich, without={*OWNED, "children"}
    )
    assert await exported(ada, made["id"]) == archive
    request = made["children"][0]["children"][0]
    (server,) = await ada.get(f"/design/http-servers/by-project/{other}")
    assert request["serverId"] == server["id"]
    names = {one["name"] for one in await ada.get(f"/design/variables/by-project/{other}")}
    assert names == {"accounts", "greeting", "key"}
    assert await ada.get(f"/design/project-files/list/{other}") == ["users.csv"]
    answer = await ada.call("GET", f"/design/project-files/{other}?filename=users.csv")
    assert await answer.read() == b"login,word\nada,lamplight\n"
    rules = await ada.get(f"/design/correlation-rules/by-project/{other}")
    before = await ada.get(f"/design/correlation-rules/by-project/{home.project_id}")
    assert sorted(one["name"] for one in rules) == sorted(one["name"] for one in before)
    fragment = await ada.get(f"/design/virtual-users/{made['children'][-1]['virtualUserId']}")
    assert (fragment["name"], fragment["projectId"]) == ("Sign in", other)


async def test_no_secret_and_no_id_of_a_place_is_in_an_archive(
    ada: Rest, home: Home, rich: Json
) -> None:
    parts = entries(await exported(ada, rich["id"]))
    documents = b"".join(data for name, data in parts.items() if name.endswith(".json"))
    for hidden in ("hidden-word", "ENCRYPTED", home.project_id, home.workspace_id, rich["id"]):
        assert hidden.encode() not in documents
    assert b"lamplight" not in parts["variables.json"]
    assert {name.partition("/")[0] for name in parts} == {
        "manifest.json", "README.txt", "virtual-user.json", "fragments", "servers.json",
        "variables.json", "correlation-rules.json", "files", "bodies",
    }  # fmt: skip


async def test_a_second_import_into_the_same_project_adds_only_the_virtual_users(
    ada: Rest, home: Home, rich: Json
) -> None:
    path = f"/design/correlation-rules/by-project/{home.project_id}"
    rules = await ada.get(path)
    archive = await exported(ada, rich["id"])
    made = await restored(ada, home.project_id, archive)
    assert made["id"] != rich["id"]
    assert await ada.get(path) == rules
    assert len(await ada.get(f"/design/variables/by-project/{home.project_id}")) == 4
    assert len(await ada.get(f"/design/virtual-users/by-project/{home.project_id}")) == 4


async def test_a_file_or_variable_of_the_project_is_left_as_it_is(
    ada: Rest, home: Home, rich: Json
) -> None:
    archive = await exported(ada, rich["id"])
    other = await second_project(ada, home)
    path = f"/design/project-files/{other}?filename=users.csv"
    await ada.json("POST", path, status=201, data=form(b"mine\n", "users.csv"))
    made = await restored(ada, other, archive)
    assert "file users.csv" in [one["path"] for one in made["importReport"]["changed"]]
    assert await (await ada.call("GET", path)).read() == b"mine\n"


async def test_a_virtual_user_in_a_circle_of_links_is_neither_exported_nor_imported(
    ada: Rest, home: Home, platform: Platform
) -> None:
    made = await ada.post("/design/virtual-users", {"name": "A", "projectId": home.project_id})
    link = {"@type": "LinkAction", "id": "l", "name": "x", "enabled": True,
            "virtualUserId": made["id"]}  # fmt: skip
    await ada.put(f"/design/virtual-users/{made['id']}", {**made, "children": [link]})
    assert b"circle" in await exported(ada, made["id"], status=409)


async def test_a_stranger_exports_nothing(eve: Rest, rich: Json) -> None:
    await exported(eve, rich["id"], status=404)


async def test_a_reader_exports_by_a_presigned_address(
    client: Any, anybody: Rest, ada: Rest, rich: Json
) -> None:
    reader = type(ada)(client, "ada-reads")
    target = {"method": "GET", "path": f"/design/virtual-users/export/{rich['id']}", "query": {}}
    signed = await reader.post("/presigned-urls", target, status=200)
    path = signed["url"].removeprefix("http://platform.test")
    answer = await anybody.call("GET", path)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="shop.zip"'
    assert zipfile.is_zipfile(io.BytesIO(await answer.read()))
    await anybody.json("GET", path, status=410)


async def test_an_archive_that_fails_half_way_leaves_nothing(
    ada: Rest, home: Home, rich: Json, platform: Platform
) -> None:
    async def kept() -> tuple[int, ...]:
        counts = []
        async with platform.database.reading() as reader:
            for table in (document, project_file):
                counted = await reader.execute(sa.select(sa.func.count()).select_from(table))
                counts.append(int(counted.scalar_one()))
        return tuple(counts)

    parts = entries(await exported(ada, rich["id"]))
    body = orjson.loads(parts["virtual-user.json"])
    body["children"].append(body["children"][0])
    other = await second_project(ada, home)
    before = await kept()
    for name, data in (
        ("virtual-user.json", orjson.dumps(body)),
        ("variables.json", b'[{"name": 1}]'),
        ("files/..", b"x"),
    ):
        spoiled = io.BytesIO()
        with zipfile.ZipFile(spoiled, "w") as archive:
            for each, kept_data in {**parts, name: data}.items():
                archive.writestr(each, kept_data)
        answered = await restored(ada, other, spoiled.getvalue(), status=400)
        assert answered["nextStep"]
    assert await kept() == before
