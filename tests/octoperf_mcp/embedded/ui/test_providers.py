"""The page of a provider: who may join, and what has."""

from octoperf_mcp.embedded.generators.machines import Joined
from octoperf_mcp.embedded.store.schema import now_ms
from tests.octoperf_mcp.embedded.ui.test_load_pages import Shop, shop
from tests.octoperf_mcp.embedded.ui.test_people import World, world

__all__ = ["shop", "world"]

FACTS = {
    "name": "build-7", "host": "build-7.acme", "version": "1.0", "cpus": 8, "memoryMb": 16_000,
    "cpuPct": 12.0, "memoryPct": 34.0,
}  # fmt: skip


async def test_an_administrator_adds_a_provider_and_lets_a_machine_join(
    world: World, shop: Shop
) -> None:
    workspace = f"/ui/workspace/{shop.workspace_id}"
    person = await world.person("demo")
    fresh = await person.send(
        f"{workspace}/docker-provider", workspace, name="Acme <b>", location="paris lyon"
    )
    assert "Acme &lt;b&gt;" in fresh
    assert "no machine is connected" in fresh
    (found,) = await world.platform.documents.list(
        "docker_provider", user_id=world.ids["demo"], workspace_id=shop.workspace_id
    )
    path = f"{workspace}/docker-provider/{found.id}"
    shown = await person.send(path, action="token", name="build-7", location="paris")
    assert "--join http" in shown
    token = shown.partition("--token ")[2].split()[0]
    assert token.startswith("omj_")
    assert "--location paris" in shown
    later = await person.get(path)
    assert token not in later
    assert "build-7" in later
    (kept,) = await world.platform.generators.tokens.of_provider(found.id)
    machine = Joined("m" * 16, found.id, kept.id, ["paris"], FACTS, "here", True, now_ms())
    await world.platform.generators.known.seen(machine)
    shown = await person.get(path)
    for text in ("build-7.acme", "connected", "8 cores, 16,000 MB", "12 %", "34 %", "16,000"):
        assert text in shown
    assert "paris (1 load generator); " not in shown
    assert "lyon (no load generator); paris (1 load generator)" in await person.get(workspace)
    told = await person.send(path, action="revoke", token=kept.id)
    assert "The token was revoked" in told
    assert await world.platform.generators.tokens.presented(token) is None
    assert "The locations were changed." in await person.send(
        path, action="remove-location", location="lyon"
    )
    wrong = await person.send(path, action="add-location", location="No Good")
    assert (person.status, "a to z" in wrong) == (403, True)


async def test_others_see_neither_tokens_nor_another_tenants_provider(
    world: World, shop: Shop
) -> None:
    body = {"name": "Ours", "type": "PRIVATE", "driver": "ON_PREMISE", "regions": {"paris": {}}}
    provider = await world.platform.documents.create(
        "docker_provider", body, user_id=world.ids["demo"], workspace_id=shop.workspace_id
    )
    path = f"/ui/workspace/{shop.workspace_id}/docker-provider/{provider.id}"
    eve = await world.person("eve")
    await eve.get(path)
    assert eve.status == 404
    (shared,) = [
        each
        for each in await world.platform.documents.list("docker_provider", user_id=world.ids["eve"])
        if not each.workspace_id
    ]
    own = await world.platform.documents.create(
        "workspace", {"name": "Eve's"}, user_id=world.ids["eve"], workspace_id=""
    )
    path = f"/ui/workspace/{own.id}/docker-provider/{shared.id}"
    shown = await eve.get(path)
    assert "every workspace can use it" in shown
    assert "Join another machine" not in shown
