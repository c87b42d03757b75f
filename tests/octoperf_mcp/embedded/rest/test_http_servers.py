"""HTTP servers: addresses, who uses them, what goes with them."""

from typing import Any

import pytest

from octoperf_mcp.embedded.rest.http_servers import base_url

BASE = "/design/http-servers"


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ({"protocol": "HTTP", "hostname": "shop.test", "port": 8080}, "http://shop.test:8080"),
        ({"protocol": "HTTPS", "hostname": "shop.test", "port": 443}, "https://shop.test"),
        ({"protocol": "HTTP", "hostname": "shop.test", "port": 443}, "http://shop.test:443"),
        ({"hostname": "${host}"}, "https://${host}"),
        ({"protocol": "HTTP", "hostname": "::1", "port": 80}, "http://[::1]"),
    ],
)
def test_a_base_url_names_a_port_only_where_needed(server: Any, url: str) -> None:
    assert base_url(server) == url


async def test_a_server_is_completed_and_its_base_url_computed(ada: Any, home: Any) -> None:
    made = await ada.post(
        BASE, {"projectId": home.project_id, "hostname": "shop.test", "baseUrl": "http://wrong"}
    )
    assert (made["protocol"], made["port"], made["name"]) == ("HTTPS", 443, "shop.test")
    assert made["baseUrl"] == "https://shop.test"
    moved = await ada.put(f"{BASE}/{made['id']}", {**made, "protocol": "HTTP", "port": 8091})
    assert moved["baseUrl"] == "http://shop.test:8091"
    assert (await ada.get(f"{BASE}/{made['id']}"))["baseUrl"] == "http://shop.test:8091"


async def used_server(ada: Any, example: Any) -> tuple[Any, Any]:
    server = await ada.post(BASE, example("http_server"))
    document = example("virtual_user")
    document["children"][0]["children"][0]["serverId"] = server["id"]
    return server, await ada.post("/design/virtual-users", document)


async def test_usages_name_virtual_users_and_count_requests(ada: Any, example: Any) -> None:
    server, user = await used_server(ada, example)
    unused = await ada.post(BASE, example("http_server"))
    assert await ada.get(f"{BASE}/usages/{server['id']}") == [
        {
            "httpServerId": server["id"],
            "virtualUserId": user["id"],
            "name": "Checkout",
            "requests": 1,
        }
    ]
    assert await ada.get(f"{BASE}/usages/{unused['id']}") == []


async def test_a_deleted_server_takes_its_requests_along(ada: Any, example: Any) -> None:
    """In every virtual user of the project; the earlier tree is kept."""
    server, user = await used_server(ada, example)
    await ada.delete(f"{BASE}/{server['id']}")
    changed = await ada.get(f"/design/virtual-users/{user['id']}")
    ids = [action["id"] for action in changed["children"][0]["children"]]
    assert ids == ["a-post"]
    assert changed["children"][1] == user["children"][1]
    assert await ada.get(f"/design/virtual-users/revisions/{user['id']}/1") == user


async def test_a_post_to_by_project_deletes_all_or_nothing(
    ada: Any, eve: Any, home: Any, example: Any
) -> None:
    """One letter from by-projects, which reads."""
    server, user = await used_server(ada, example)
    other = await ada.post(BASE, example("http_server"))
    kept = await ada.post(BASE, example("http_server"))
    path = f"{BASE}/by-project/{home.project_id}"
    for body in ([server, {"id": "foreign"}], [{"name": "no id"}], [["x"]], {"id": server["id"]}):
        await ada.post(path, body, status=400)
    await eve.post(path, [server], status=404)
    assert len(await ada.get(path)) == 3
    await ada.post(path, [server, other["id"]], status=204)
    assert await ada.get(path) == [kept]
    changed = await ada.get(f"/design/virtual-users/{user['id']}")
    assert len(changed["children"][0]["children"]) == 1
