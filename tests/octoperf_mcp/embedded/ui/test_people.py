"""Account and administration in a browser without scripts: seen, sent, refused."""

import re
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.config import EmbeddedSettings, Secret
from octoperf_mcp.embedded.app import add_platform, close_platform, open_platform
from octoperf_mcp.embedded.idp.client_metadata import Registration
from octoperf_mcp.embedded.idp.grants import Grant
from octoperf_mcp.embedded.limits import Limits
from octoperf_mcp.embedded.people import add_person
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.store.schema import new_id, now_ms
from octoperf_mcp.embedded.ui import pages

PASSWORD = "correct horse battery"
FORM_TEXT = re.compile(r'name="form" value="([^"]+)"')
CONNECTED = "/ui/account/profile/connected-apps"
USERS = "/ui/administration/users"
CLIENTS = "/ui/administration/oauth-clients"
NAMED = {"clientId": "c", "kind": "tools", "name": "t", "state": "off", "action": "disable"}
"""Parts of paths that stand for nobody."""


@dataclass
class Person:
    """Somebody's browser, without scripts."""

    origin: str
    session: aiohttp.ClientSession
    page: str = ""
    status: int = 0
    url: str = ""
    headers: Any = field(default_factory=dict)

    async def get(self, path: str) -> str:
        async with self.session.get(self.origin + path) as answer:
            return await self._seen(answer)

    async def post(self, path: str, **fields: str) -> str:
        async with self.session.post(self.origin + path, data=fields) as answer:
            return await self._seen(answer)

    async def send(self, path: str, page: str = "", **fields: str) -> str:
        """Send a form of `page`, or of the one at `path`, with its hidden field."""
        found = FORM_TEXT.search(await self.get(page or path))
        assert found, self.page
        return await self.post(path, form=found[1], **fields)

    async def sign_in(self, username: str, password: str = PASSWORD) -> None:
        path = "/ui/access/login"
        await self.send(path, next="/ui/", username=username, password=password)
        assert self.status == 200, self.page

    async def _seen(self, answer: aiohttp.ClientResponse) -> str:
        self.page, self.status = await answer.text(), answer.status
        self.url, self.headers = str(answer.url), answer.headers
        return self.page


@dataclass
class World:
    platform: Platform
    origin: str
    people: list[Person] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)

    async def person(self, username: str = "", password: str = PASSWORD) -> Person:
        jar = aiohttp.CookieJar(unsafe=True)
        person = Person(self.origin, aiohttp.ClientSession(cookie_jar=jar))
        self.people.append(person)
        if username:
            await person.sign_in(username, password)
        return person

    async def connect(self, username: str, name: str = "Agent <b>") -> tuple[Grant, str]:
        """A connected application of a user, and a token of it."""
        identity = self.platform.identity
        wanted = Registration(name, ("http://127.0.0.1/cb",), "native", "none", "")
        client, _ = await identity.clients.register(wanted)
        now = now_ms()
        grant = Grant(
            id=new_id(),
            user_id=self.ids[username],
            client_id=client.id,
            client_name=name,
            redirect_uri="http://127.0.0.1:4000/cb",
            scope="octoperf:read octoperf:write offline_access",
            resources=(),
            created=now,
            last_used=now,
            expires=now + 3_600_000,
        )
        await identity.grants.add(grant)
        return grant, await identity._tokens.mint(grant, "octoperf:read octoperf:write")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    app = web.Application()
    server = TestServer(app)
    origin = "http://127.0.0.1:8091"
    settings = EmbeddedSettings(demo_password=Secret(PASSWORD))
    platform, _ = await open_platform(settings, data_dir=tmp_path, origin=origin)
    add_platform(app, platform)
    async with server:
        made = World(platform, str(server.make_url("/")).rstrip("/"))
        await add_person(platform.identity, platform.documents, "eve", PASSWORD)
        made.ids = {each["username"]: each["id"] for each in await platform.identity.users.all()}
        yield made
        for person in made.people:
            await person.session.close()
    await close_platform(platform)


async def test_an_application_is_listed_and_revoked_after_a_question(world: World) -> None:
    grant, token = await world.connect("demo")
    person = await world.person("demo")
    listed = await person.get(CONNECTED)
    for shown in ("Agent &lt;b&gt;", grant.client_id, "127.0.0.1:4000", "read and change"):
        assert shown in listed
    asked = await person.get(f"{CONNECTED}/{grant.id}")
    assert "Revoke the access of Agent &lt;b&gt;?" in asked
    assert await world.platform.identity.principal(token) is not None
    told = await person.send(f"{CONNECTED}/{grant.id}")
    assert "Access was revoked" in told
    assert "No application is connected" in told
    assert await world.platform.identity.principal(token) is None
    assert (await world.platform.audit.find())[0].action == "connection.revoke"


async def test_an_address_signed_by_a_revoked_application_is_dead(world: World) -> None:
    grant, token = await world.connect("demo")
    (workspace,) = await world.platform.documents.list("workspace", user_id=world.ids["demo"])
    made = await world.platform.documents.create(
        "project", {"name": "p"}, user_id=world.ids["demo"], workspace_id=workspace.id
    )
    person = await world.person("demo")
    body = {"method": "GET", "path": f"/design/virtual-users/export/{made.id}"}
    headers = {"Authorization": f"Bearer {token}"}
    post = person.session.post(f"{world.origin}/presigned-urls", json=body, headers=headers)
    async with post as answer:
        path = (await answer.json())["url"].partition("/public/")[2]
    await person.send(f"{CONNECTED}/{grant.id}")
    await person.get(f"/public/{path}")
    assert person.status == 410
    assert "has ended" in person.page


async def test_nobody_sees_or_revokes_anothers_application(world: World) -> None:
    grant, token = await world.connect("demo")
    eve = await world.person("eve")
    assert "Agent" not in await eve.get(CONNECTED)
    await eve.get(f"{CONNECTED}/{grant.id}")
    assert eve.status == 404
    own = FORM_TEXT.search(await eve.get("/ui/account/password"))
    assert own
    await eve.post(f"{CONNECTED}/{grant.id}", form=own[1])
    assert eve.status == 404
    assert await world.platform.identity.principal(token) is not None


async def test_every_form_refuses_what_did_not_come_from_its_page(world: World) -> None:
    """All that the router has, so that a new form is tried by itself."""
    person = await world.person("demo")
    before = await world.platform.identity.users.all()
    values = defaultdict(lambda: "x", userId=world.ids["eve"], action="disable")
    tried = 0
    for route in pages.routes():
        if route.method != "POST":
            continue
        path = route.path.format_map(values)
        for forged in ({}, {"form": "x" * 43}):
            await person.post(path, username="mallory", current=PASSWORD, **forged)
            assert person.status == 403, path
            tried += 1
    assert tried >= 10
    assert await world.platform.identity.users.all() == before


async def test_administration_does_not_exist_for_others(world: World) -> None:
    eve = await world.person("eve")
    own = FORM_TEXT.search(await eve.get("/ui/account/password"))
    assert own
    assert "/ui/administration" not in eve.page
    for route in pages.routes():
        if not route.path.startswith("/ui/administration"):
            continue
        path = route.path.format(userId=world.ids["demo"], **NAMED)
        if route.method == "POST":
            await eve.post(path, form=own[1], username="mallory")
        else:
            await eve.get(path)
        assert eve.status == 404, path
    assert {each["username"] for each in await world.platform.identity.users.all()} == {
        "demo",
        "eve",
    }


async def test_every_page_asks_to_sign_in_and_can_be_neither_framed_nor_kept(
    world: World,
) -> None:
    stranger = await world.person()
    person = await world.person("demo")
    for route in pages.routes():
        if not route.path.startswith(("/ui/account", "/ui/administration")):
            continue
        path = route.path.format(grantId="g", userId=world.ids["eve"], **NAMED)
        await (stranger.get(path) if route.method == "GET" else stranger.post(path))
        assert "/ui/access/login" in stranger.url, path
        if route.method == "GET":
            await person.get(path)
            policy = person.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy
            assert "default-src 'none'" in policy
            assert person.headers["Cache-Control"] == "no-store"
            assert "<script" not in person.page


async def test_a_user_is_added_with_a_password_that_is_shown_once(world: World) -> None:
    person = await world.person("demo")
    shown = await person.send(USERS, username=" Ada ", administrator="yes")
    made = re.search(r"Password</th><td>([^<]+)<", shown)
    assert made
    ada = await world.person("Ada", made[1])
    assert "Default" in await ada.get("/ui/")
    assert made[1] not in await person.get(USERS)
    assert "already a user ADA" in await person.send(USERS, username="ADA")
    assert person.status == 400


async def test_a_user_is_locked_out_let_in_promoted_and_given_a_password(world: World) -> None:
    _, token = await world.connect("eve")
    person, eve = await world.person("demo"), await world.person("eve")
    page = f"{USERS}/{world.ids['eve']}"
    assert "locked out" in await person.send(f"{page}/disable", page)
    assert await world.platform.identity.principal(token) is None
    await eve.get("/ui/")
    assert "/ui/access/login" in eve.url
    assert "sign in again" in await person.send(f"{page}/enable", page)
    assert "may administer" in await person.send(f"{page}/promote", page)
    shown = await person.send(f"{page}/password", page)
    made = re.search(r"Password</th><td>([^<]+)<", shown)
    assert made
    again = await world.person("eve", made[1])
    assert "eve" in await again.get(USERS)
    assert again.status == 200
    await person.send(f"{page}/nonsense", page)
    assert person.status == 404


async def test_administrators_do_not_lock_themselves_out(world: World) -> None:
    person = await world.person("demo")
    await person.send(f"{USERS}/{world.ids['demo']}/disable", USERS)
    assert person.status == 400
    assert "lock yourself out" in person.page


async def test_clients_are_deleted_singly_and_all_that_are_unused(world: World) -> None:
    _, token = await world.connect("eve", "One")
    second, other = await world.connect("eve", "Two")
    person = await world.person("demo")
    listed = await person.get(CLIENTS)
    assert listed.index("Two") > 0
    assert listed.index("One") > 0
    assert "were deleted" in await person.send(f"{CLIENTS}/{second.client_id}")
    assert await world.platform.identity.principal(other) is None
    assert await world.platform.identity.principal(token) is not None
    await person.send(f"{CLIENTS}/unused", CLIENTS, since="2020-01-01")
    assert "One" in person.page
    await person.send(f"{CLIENTS}/unused", CLIENTS, since="2999-01-01")
    assert "No client has registered" in person.page
    assert await world.platform.identity.principal(token) is None
    await world.connect("eve", "Three")
    await person.send(f"{CLIENTS}/unused", CLIENTS, since="soon")
    assert person.status == 400


async def test_a_changed_password_ends_everything_that_the_old_one_opened(world: World) -> None:
    _, token = await world.connect("demo")
    person = await world.person("demo")
    path = "/ui/account/password"
    fresh = "another long password"
    for fields, said in (
        ({"current": "wrong", "new": fresh, "again": fresh}, "current password is wrong"),
        ({"current": PASSWORD, "new": fresh, "again": "other"}, "differ"),
        ({"current": PASSWORD, "new": "short", "again": "short"}, "password"),
    ):
        assert said in await person.send(path, **fields)
        assert person.status == 400
    await person.send(path, current=PASSWORD, new=fresh, again=fresh)
    assert "/ui/access/login" in person.url
    assert await world.platform.identity.principal(token) is None
    await person.sign_in("demo", fresh)


async def test_guessing_the_current_password_is_slowed_down(world: World) -> None:
    person = await world.person("demo")
    for _ in range(6):
        await person.send("/ui/account/password", current="wrong", new="x" * 12, again="x" * 12)
    assert person.status == 429


async def test_each_sees_his_own_activity_and_administrators_all(world: World) -> None:
    grant, _ = await world.connect("eve")
    eve = await world.person("eve")
    await eve.send(f"{CONNECTED}/{grant.id}")
    assert "connection.revoke" in await eve.get("/ui/account/activity")
    person = await world.person("demo")
    assert "connection.revoke" not in await person.get("/ui/account/activity")
    assert "connection.revoke" in await person.get("/ui/administration/activity")


async def test_members_of_a_workspace_are_shown(world: World) -> None:
    found = await world.platform.documents.list("workspace", user_id=world.ids["demo"])
    path = f"/ui/workspace/{found[0].id}/member"
    person, eve = await world.person("demo"), await world.person("eve")
    assert "ADMIN" in await person.get(path)
    await eve.get(path)
    assert eve.status == 404


TOKENS = "/ui/account/profile/ci-tokens"


async def test_a_ci_token_is_made_with_limits_shown_once_and_revoked_with_the_rest(
    world: World,
) -> None:
    eve = await world.person("eve")
    await eve.send(
        TOKENS,
        name="Nightly <b>",
        days="30",
        access="read",
        area_bench="yes",
        most_users="50",
        runs_per_day="",
    )
    assert eve.status == 200
    found = re.search(r">(opct_[^<]+)</textarea>", eve.page)
    assert found
    principal = await world.platform.identity.principal(found[1])
    assert principal is not None
    assert principal.limits == Limits(areas=("bench",), most_users=50)
    listed = await eve.get(TOKENS)
    assert "opct_" not in listed
    assert "Nightly &lt;b&gt;" in listed
    assert "50 virtual users" in listed
    (revoking,) = re.findall(r'class="button" href="([^"]+)"', listed)
    await eve.send(revoking)
    assert "Access was revoked" in eve.page
    assert await world.platform.identity.principal(found[1]) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"days": ""}, "366 days"),
        ({"days": "many"}, "whole number"),
        ({"name": ""}, "name"),
        ({"workspace": "not-mine"}, "workspace"),
    ],
)
async def test_a_token_that_cannot_be_made_says_why_and_keeps_what_was_typed(
    world: World, changes: dict[str, str], said: str
) -> None:
    eve = await world.person("eve")
    await eve.send(TOKENS, **{"name": "Kept", "days": "5", "most_users": "7", **changes})
    assert eve.status in {400, 404}
    assert said in eve.page
    assert 'name="most_users" value="7"' in eve.page
    assert await world.platform.identity.ci_tokens.of_user(world.ids["eve"]) == []


async def test_nobody_makes_a_token_with_a_form_from_elsewhere(world: World) -> None:
    eve = await world.person("eve")
    await eve.post(TOKENS, form="forged", name="x", days="5")
    assert eve.status == 403
    assert await world.platform.identity.ci_tokens.of_user(world.ids["eve"]) == []
