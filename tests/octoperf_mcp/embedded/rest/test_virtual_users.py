"""What virtual users have besides: descriptions, copies, the sanity check."""

import io
from typing import Any

import aiohttp

BASE = "/design/virtual-users"


async def test_a_description_is_the_document_without_its_tree(
    ada: Any, home: Any, example: Any
) -> None:
    made = await ada.post(BASE, example("virtual_user"))
    described = {name: value for name, value in made.items() if name != "children"}
    assert await ada.get(f"{BASE}/description/{made['id']}") == described
    assert await ada.get(f"{BASE}/description/by-project/{home.project_id}") == [described]


async def test_a_copy_has_the_whole_tree_and_a_name_that_fits(ada: Any, example: Any) -> None:
    made = await ada.post(BASE, {**example("virtual_user"), "name": "n" * 80})
    answer = await ada.call("POST", f"{BASE}/duplicate/{made['id']}")
    assert answer.status == 201
    copied = await answer.json()
    assert copied["id"] != made["id"]
    assert copied["children"] == made["children"]
    assert copied["name"] == "n" * 73 + " (copy)"


async def test_the_sanity_check_sees_servers_variables_files_and_fragments(
    ada: Any, home: Any, example: Any
) -> None:
    server = await ada.post("/design/http-servers", example("http_server"))
    document = example("virtual_user")
    for action in (*document["children"][0]["children"], document["children"][1]["children"][0]):
        action["serverId"] = server["id"]
    del document["children"][2]
    made = await ada.post(BASE, document)
    missing = await ada.get(f"{BASE}/sanity-check/{made['id']}")
    await ada.post("/design/variables", example("variable"))
    form = aiohttp.FormData({"filename": "accounts.csv"})
    form.add_field("file", io.BytesIO(b"login,password\nann,pw\n"), filename="x")
    await ada.json("POST", f"/design/project-files/{home.project_id}", status=201, data=form)
    found = await ada.get(f"{BASE}/sanity-check/{made['id']}")
    assert all({"level", "message"} <= set(row) for row in [*missing, *found])
    assert "accounts.csv" not in str(found)
    await ada.put(f"/design/http-servers/{server['id']}", {**server, "hostname": "other.test"})
    await ada.delete(f"/design/http-servers/{server['id']}")
    emptied = await ada.get(f"{BASE}/{made['id']}")
    assert "HttpRequestAction" not in str(emptied)
