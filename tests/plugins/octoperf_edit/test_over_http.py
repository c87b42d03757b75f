"""The tools of editing against the embedded platform, over HTTP."""

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

if TYPE_CHECKING:
    from tests.plugins.octoperf_bench.agents import Agent

Json = dict[str, Any]


@pytest.fixture
async def project(agent: "Agent") -> Json:
    (workspace,) = (await agent.call("list_workspaces"))["workspaces"]
    return await agent.call("create_project", workspaceId=workspace["id"], name="Shop")


async def rest(agent: "Agent", method: str, path: str, body: Any = None) -> Any:
    """A call that no tool makes."""
    headers = {"Authorization": f"Bearer {agent.context.caller.token}"}
    url = agent.context._ui_origin + path
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, json=body, headers=headers) as answer,
    ):
        text = await answer.text()
        assert answer.status < 300, text
        return json.loads(text) if text else None


async def virtual_user(agent: "Agent", project: Json, *children: Json) -> Json:
    body = {
        "@type": "VirtualUser",
        "id": "",
        "projectId": project["id"],
        "name": "Shopper",
        "type": "JMETER",
        "children": list(children),
    }
    made: Json = await rest(agent, "POST", "/design/virtual-users", body)
    return made


def request(**more: Any) -> Json:
    return {
        "@type": "HttpRequestAction",
        "id": "a-get",
        "name": "get",
        "enabled": True,
        "serverId": "none",
        "method": "GET",
        "path": "/",
        "children": [],
        **more,
    }


async def test_a_variable_of_each_kind_is_made_used_changed_and_deleted(
    agent: "Agent", project: Json
) -> None:
    which = {"projectId": project["id"]}
    made = {
        "host": await agent.call("create_constant_variable", **which, name="host", value="x.test"),
        "count": await agent.call("create_counter_variable", **which, name="count", end=9),
        "dice": await agent.call("create_random_variable", **which, name="dice", min=1, max=6),
        "item": await agent.call("create_list_variable", **which, name="item", values=["a"]),
        "accounts": await agent.call(
            "create_csv_variable", **which, name="accounts", filename="a.csv", names=["login"]
        ),
        "word": await agent.call(
            "create_secret_variable", **which, name="word", value="open-sesame"
        ),
    }
    assert "upload_project_file" in made["accounts"]["warnings"][0]
    used = await virtual_user(agent, project, request(path="/${item}/${login}"))
    listed = await agent.call("list_variables", **which)
    users = {row["name"]: [user["id"] for user in row["usedBy"]] for row in listed["variables"]}
    assert users == {name: [] for name in made} | {"item": [used["id"]], "accounts": [used["id"]]}

    await agent.call(
        "patch_variable",
        variableId=made["count"]["id"],
        patch=[{"op": "replace", "path": "/variable/end", "value": 99}],
    )
    deleted = await agent.call("delete_variable", variableId=made["item"]["id"])
    assert [user["name"] for user in deleted["usedBy"]] == ["Shopper"]
    left = await agent.call("list_variables", **which)
    settings = {row["name"]: row["variable"] for row in left["variables"]}
    assert settings["count"]["end"] == 99
    assert "item" not in settings
    again = await agent.refused("delete_variable", variableId=made["item"]["id"])
    assert again.code == "not_found"


async def test_a_secret_is_written_never_read_and_can_be_replaced(
    agent: "Agent", project: Json
) -> None:
    which = {"projectId": project["id"], "name": "word"}
    made = await agent.call("create_secret_variable", **which, value="open-sesame")
    again = await agent.call("create_secret_variable", **which, value="open-poppy")
    assert again["id"] == made["id"]
    patched = await agent.call(
        "patch_variable",
        variableId=made["id"],
        patch=[{"op": "add", "path": "/description", "value": "of the cave"}],
    )
    listed = await agent.call("list_variables", projectId=project["id"])
    seen = json.dumps([made, again, patched, listed])
    stored = await rest(agent, "GET", f"/design/variables/{made['id']}")
    assert stored["description"] == "of the cave"
    assert stored["variable"]["value"]["type"] == "ENCRYPTED"
    assert stored["variable"]["value"]["value"] not in seen
    assert "open-" not in seen + json.dumps(stored)


async def test_a_deleted_virtual_user_is_gone(agent: "Agent", project: Json) -> None:
    made = await virtual_user(agent, project, request())
    deleted = await agent.call("delete_virtual_user", virtualUserId=made["id"])
    assert (deleted["name"], deleted["usedBy"]) == ("Shopper", [])
    again = await agent.refused("delete_virtual_user", virtualUserId=made["id"])
    assert again.next_step == "Take virtualUserId from list_virtual_users."


async def test_deleting_servers_takes_exactly_the_requests_that_were_told(
    agent: "Agent", project: Json
) -> None:
    which = {"projectId": project["id"]}
    ids = {}
    for name in ("shop.test", "idle.test"):
        body = {"id": "", **which, "protocol": "HTTPS", "hostname": name, "port": 443}
        ids[name] = (await rest(agent, "POST", "/design/http-servers", body))["id"]
    kept = request(id="a-kept")
    gone = request(id="a-gone", serverId=ids["shop.test"])
    made = await virtual_user(agent, project, kept, gone)

    cleaned = await agent.call("delete_unused_http_servers", **which)
    assert (cleaned["deleted"], cleaned["kept"]) == (["https://idle.test"], 1)
    told = await agent.call("list_http_server_usages", httpServerId=ids["shop.test"])
    assert [(user["id"], user["requests"]) for user in told["usedBy"]] == [(made["id"], 1)]
    deleted = await agent.call("delete_http_server", httpServerId=ids["shop.test"])
    assert deleted["deletedRequests"] == 1
    left = await rest(agent, "GET", f"/design/virtual-users/{made['id']}")
    assert [child["id"] for child in left["children"]] == ["a-kept"]
    assert (await agent.call("list_http_servers_by_project", **which))["total"] == 0


async def test_a_file_goes_up_is_read_comes_down_and_goes_away(
    agent: "Agent", project: Json
) -> None:
    which = {"projectId": project["id"], "filename": "ac counts.csv"}
    ticket = await agent.call("upload_project_file", **which)
    assert ticket["pageUrl"].endswith("/design/project-file")
    content = b"login,password\nann,1\nbob,2\n"
    form = aiohttp.FormData()
    form.add_field("filename", which["filename"])
    form.add_field("file", content, filename="PATH.csv", content_type="text/csv")
    address = agent.context._ui_origin + ticket["url"].partition(":8091")[2]
    async with aiohttp.ClientSession() as session:
        async with session.post(address, data=form) as answer:
            assert (await answer.json())["size"] == len(content)
        async with session.post(address, data={"file": "again"}) as answer:
            assert answer.status == 410
        listed = await agent.call("list_project_files", projectId=project["id"])
        assert [(file["name"], file["sizeBytes"]) for file in listed["files"]] == [
            ("ac counts.csv", len(content))
        ]
        lines = await agent.call("read_project_file_lines", **which, fromLine=1)
        assert (lines["lines"], lines["toLine"]) == (["ann,1", "bob,2"], 3)
        again = await agent.call("upload_project_file", **which)
        assert "ask the user first" in again["instructions"]
        ticket = await agent.call("download_project_file", **which)
        address = agent.context._ui_origin + ticket["url"].partition(":8091")[2]
        async with session.get(address) as answer:
            assert await answer.read() == content
    deleted = await agent.call("delete_project_file", **which)
    assert deleted["usedBy"] == []
    error = await agent.refused("read_project_file_lines", **which)
    assert error.details["field"] == "filename"


async def test_a_preset_becomes_rules_that_can_be_changed_and_deleted(
    agent: "Agent", project: Json
) -> None:
    which = {"projectId": project["id"]}
    presets = (await agent.call("list_correlation_frameworks", **which))["correlationFrameworks"]
    dotnet = next(preset for preset in presets if preset["name"] == ".NET")
    added = await agent.call(
        "add_correlation_framework_to_project", **which, frameworkId=dotnet["id"]
    )
    assert [rule["name"] for rule in added["correlationRules"]] == dotnet["rules"]
    again = await agent.call(
        "add_correlation_framework_to_project", **which, frameworkId=dotnet["id"]
    )
    assert again["total"] == 0
    rule_id = added["correlationRules"][0]["id"]
    injection = {"@type": "PostBodyInjectionRule", "enabled": True}
    changed = await agent.call(
        "patch_correlation_rule",
        correlationRuleId=rule_id,
        patch=[{"op": "add", "path": "/injectionRules/-", "value": injection}],
    )
    listed = (await agent.call("list_correlation_rules", **which))["correlationRules"]
    stored = next(rule for rule in listed if rule["id"] == rule_id)
    assert stored["injectionRules"] == changed["injectionRules"]
    assert stored["injectionRules"][1] == injection
    await agent.call("delete_correlation_rule", correlationRuleId=rule_id)
    assert (await agent.call("list_correlation_rules", **which))["total"] == 7
    wrong = await agent.refused("add_correlation_framework_to_project", **which, frameworkId="none")
    assert wrong.next_step == "Take frameworkId from list_correlation_frameworks."
