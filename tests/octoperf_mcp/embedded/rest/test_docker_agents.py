"""Providers of a workspace, their machines, and what lets machines join."""

from octoperf_mcp.embedded.generators.machines import Joined
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.store.schema import now_ms
from tests.octoperf_mcp.embedded.rest.conftest import Home, Rest

PROVIDERS = "/workspaces/docker-providers"
AGENTS = "/workspaces/docker-agents"
FACTS = {"name": "build-7", "host": "b7", "version": "1", "cpus": 4, "memoryMb": 8000}


async def test_a_provider_tells_what_its_locations_hold(
    ada: Rest, eve: Rest, home: Home, platform: Platform
) -> None:
    body = {"workspaceId": home.workspace_id, "name": "Ours", "regions": {"paris": {}, "lyon": {}}}
    made = await ada.post(PROVIDERS, body)
    assert (made["type"], made["driver"]) == ("PRIVATE", "ON_PREMISE")
    machine = Joined("m" * 16, made["id"], "t", ["paris"], FACTS, "here", True, now_ms())
    await platform.generators.known.seen(machine)
    shown = await ada.get(f"{PROVIDERS}/{made['id']}")
    assert shown["regions"]["paris"] == {"loadGenerators": 1, "maxUsers": 8000, "here": False}
    assert shown["regions"]["lyon"] == {"loadGenerators": 0, "maxUsers": 0, "here": False}
    usage = await ada.get(f"{PROVIDERS}/usage/{made['id']}")
    assert [(each["name"], each["maxUsers"]) for each in usage["locations"]] == [
        ("lyon", 0),
        ("paris", 8000),
    ]
    for path in (f"by-provider/{made['id']}", f"by-workspace/{home.workspace_id}"):
        (agent,) = await ada.get(f"{AGENTS}/{path}")
        assert (agent["state"], agent["region"], agent["hostname"]) == ("UP", "paris", "b7")
    await ada.put(f"{PROVIDERS}/{made['id']}", {**shown, "name": "Theirs"})
    kept = await platform.documents.peek("docker_provider", made["id"])
    assert kept is not None
    assert (kept.body["name"], kept.body["regions"]["paris"]) == ("Theirs", {})
    await eve.json("GET", f"{AGENTS}/by-provider/{made['id']}", status=404)
    await eve.json("POST", PROVIDERS, json=body, status=404)
    await ada.json("POST", PROVIDERS, json={**body, "regions": {}}, status=400)
    await ada.delete(f"{PROVIDERS}/{made['id']}")


async def test_a_join_token_is_shown_once_and_ends_when_it_is_revoked(
    ada: Rest, eve: Rest, home: Home, platform: Platform
) -> None:
    body = {"workspaceId": home.workspace_id, "name": "Ours", "regions": {"paris": {}}}
    provider = await ada.post(PROVIDERS, body)
    path = f"{AGENTS}/join-tokens/{provider['id']}"
    made = await ada.post(path, {"name": "build-7", "location": "paris"})
    assert made["command"].endswith(f"--token {made['token']} --location paris")
    (listed,) = await ada.get(path)
    assert listed == {key: made[key] for key in listed}
    assert "token" not in listed
    assert "TOKEN" in (await ada.get(f"{AGENTS}/command/{provider['id']}"))["value"]
    await eve.json("POST", path, json={"name": "x"}, status=404)
    await ada.json("POST", path, json={"name": ""}, status=400)
    assert await platform.generators.tokens.presented(made["token"])
    await ada.delete(f"{path}/{made['id']}")
    assert await platform.generators.tokens.presented(made["token"]) is None
    await ada.json("DELETE", f"{path}/{made['id']}", status=404)


async def test_the_platforms_own_provider_is_not_for_tenants(ada: Rest, platform: Platform) -> None:
    provider = await platform.documents.plant(
        "docker_provider",
        {"name": "This machine", "type": "PRIVATE", "driver": "X", "regions": {"local": {}}},
    )
    path = f"{AGENTS}/join-tokens/{provider.id}"
    refused = await ada.json("POST", path, json={"name": "x"}, status=403)
    assert "octoperf-mcp join-tokens" in refused["message"]
    await ada.json("DELETE", f"{PROVIDERS}/{provider.id}", status=403)
    shown = await ada.get(f"{PROVIDERS}/{provider.id}")
    assert shown["regions"]["local"]["here"] is True
    assert shown["regions"]["local"]["maxUsers"] == platform.runs.gate.caps.users
