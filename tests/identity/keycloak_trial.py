"""The bridge with a real Keycloak: `tox -e identity` (README.md beside this file).

Not among the tests that run by themselves: the distribution has 200 MB and needs Java.
"""

import asyncio
import json
import os
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from octoperf_mcp.cli.agent import MemoryStorage, connected
from octoperf_mcp.registry.client_ids import CALLBACK_PORT
from tests.end_to_end.conftest import node_folder  # noqa: F401 - a fixture
from tests.end_to_end.test_clients_sign_in import CLIENTS
from tests.end_to_end.test_credentials import answered, sent
from tests.end_to_end.test_every_tool import inspector
from tests.end_to_end.test_remote_issuer import readiness
from tests.identity.keycloak import HOME, running
from tests.identity.pages import KeycloakPerson
from tests.identity.site import Site

pytestmark = [
    pytest.mark.skipif(
        not (HOME / "bin/kc.sh").is_file(),
        reason="OCTOPERF_MCP_TESTS_KEYCLOAK names no unpacked distribution of Keycloak",
    ),
    pytest.mark.asyncio(loop_scope="module"),
]

AS_VS_CODE = {
    "client_uri": "https://code.visualstudio.com",
    "grant_types": [
        *("authorization_code", "refresh_token"), "urn:ietf:params:oauth:grant-type:device_code"],
    "redirect_uris": [
        "https://insiders.vscode.dev/redirect", "https://vscode.dev/redirect",
        "http://127.0.0.1/", "http://127.0.0.1:33418/"],
    "scope": "octoperf:read octoperf:write",
    "application_type": "native",
}  # fmt: skip
"""What its `fetchDynamicRegistration` sends (src/vs/base/common/oauth.ts)."""

ACCESS_LIFE_S = 4


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    it = Site(tmp_path_factory.mktemp("site"))
    it.keys.source = f"{it.keycloak.issuer}/protocol/openid-connect/certs"
    runner = await it.keys.up()
    async with running(it.keycloak), it.platform.up():
        it.platform.keycloak = it.keycloak
        it.platform.secret = await it.keycloak.add_service(it.platform.origin)
        await asyncio.to_thread(it.server.start, it.port)
        yield it
        await asyncio.to_thread(it.server.stop)
    await runner.cleanup()


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return dict(json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4))))


async def signed_in(site: Site) -> str:
    """An access token of the person."""
    storage = MemoryStorage()
    async with connected(site.server.url, KeycloakPerson(), storage=storage) as agent:
        await agent.call("list_workspaces")
    tokens = await storage.get_tokens()
    assert tokens is not None
    return tokens.access_token


async def lives(site: Site, seconds: int) -> None:
    """How long Keycloak lets access tokens live from now on."""
    await site.keycloak.admin("PUT", "", {"accessTokenLifespan": seconds})


async def typed(*command: str, said: str = "", environ: dict[str, str] | None = None) -> str:
    """What a command writes to standard output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "octoperf_mcp", *command,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **(environ or {})},
    )  # fmt: skip
    told, _ = await process.communicate(said.encode())
    return told.decode()


async def doctor(site: Site, token: str, issuer: str = "") -> dict[str, dict[str, str]]:
    """What is not well, by the name of the check."""
    told = await typed(
        "doctor", "--quick", "--json", "--url", site.server.url, "--token-file", "-",
        "--upstream", site.platform.origin, "--issuer", issuer or site.keycloak.issuer,
        said=token,
    )  # fmt: skip
    findings = json.loads(told)["findings"]
    return {each["check"]: each for each in findings if each["status"] in {"failed", "warning"}}


async def test_the_realm_names_the_audiences_and_the_doctor_finds_all_sound(site: Site) -> None:
    before = len(await site.keycloak.admin("GET", "/clients"))
    token = await signed_in(site)
    claims = claims_of(token)
    assert set(claims["aud"]) == {site.server.url, site.platform.origin}
    assert set(claims["scope"].split()) == {"octoperf:read", "octoperf:write", "offline_access"}
    assert site.platform.tokens[-1] == token
    assert await doctor(site, token) == {}
    assert len(await site.keycloak.admin("GET", "/clients")) == before + 1, "the agent's alone"


async def test_agents_may_only_do_what_the_realm_lets_them(site: Site) -> None:
    address = f"{site.keycloak.issuer}/clients-registrations/openid-connect"
    made = {"client_name": "x", "token_endpoint_auth_method": "none"}
    async with aiohttp.ClientSession() as session:
        for more, status in (
            ({"redirect_uris": ["https://elsewhere.example/callback"]}, 403),
            ({"redirect_uris": ["http://localhost:1/callback"], "scope": "roles"}, 403),
            ({"redirect_uris": ["http://127.0.0.1:1/callback"]}, 201),
            ({"redirect_uris": ["https://claude.ai/api/mcp/auth_callback"]}, 201),
            (AS_VS_CODE, 201),
            ({"redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback"]}, 201),
        ):
            async with session.post(address, json={**made, **more}) as answer:
                assert answer.status == status, await answer.text()
                told = await answer.json()
        query = {"response_type": "code", "client_id": told["client_id"], "scope": "octoperf:read",
                 "redirect_uri": "cursor://anysphere.cursor-mcp/oauth/callback"}  # fmt: skip
        for challenge in ({}, {"code_challenge": "x" * 43, "code_challenge_method": "plain"}):
            async with session.get(
                f"{site.keycloak.issuer}/protocol/openid-connect/auth",
                params={**query, **challenge},
                allow_redirects=False,
            ) as answer:
                assert "error=invalid_request" in answer.headers["Location"]


async def test_a_redirect_address_is_known_with_the_port_that_was_registered(site: Site) -> None:
    """Hence clients have to wait at the same port again, as `call` does."""
    made = {"redirect_uris": ["http://127.0.0.1:1/callback"], "token_endpoint_auth_method": "none"}
    query = {"response_type": "code", "scope": "octoperf:read", "code_challenge": "x" * 43,
             "code_challenge_method": "S256"}  # fmt: skip
    async with aiohttp.ClientSession() as session:
        address = f"{site.keycloak.issuer}/clients-registrations/openid-connect"
        async with session.post(address, json=made) as answer:
            query["client_id"] = (await answer.json())["client_id"]
        for port, status in ((1, 200), (2, 400)):
            async with session.get(
                f"{site.keycloak.issuer}/protocol/openid-connect/auth",
                params={**query, "redirect_uri": f"http://127.0.0.1:{port}/callback"},
            ) as answer:
                assert answer.status == status


async def test_the_doctor_names_what_is_wrong(site: Site) -> None:
    token = await signed_in(site)
    issuer = site.keycloak.issuer
    assert repr(issuer) in (await doctor(site, token, f"{issuer}/"))["issuer"]["next"]
    by_name = issuer.replace("127.0.0.1", "localhost")
    assert repr(by_name) in (await doctor(site, token, by_name))["token"]["message"]
    encrypted = issuer.replace("http:", "https:")
    assert "was not found" in (await doctor(site, token, encrypted))["issuer"]["message"]
    untouched = issuer.replace("/octoperf", "/master")
    found = await doctor(site, token, untouched)
    assert "Policy '" in found["registration"]["message"]
    assert "client registration policies" in found["registration"]["next"]
    assert "octoperf:read" in found["scopes"]["message"]
    secret = await site.keycloak.add_service("elsewhere")
    without = await site.keycloak.service_token("elsewhere", secret, "")
    assert "audience mapper" in (await doctor(site, without["access_token"]))["token"]["next"]


async def test_a_page_of_the_inspector_may_register(site: Site) -> None:
    address = f"{site.keycloak.issuer}/clients-registrations/openid-connect"
    asked = {"Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "content-type"}  # fmt: skip
    async with aiohttp.ClientSession() as session:
        for origin, allowed in (("http://localhost:6274", True), ("https://evil.example", False)):
            made = {"redirect_uris": ["http://localhost:6274/oauth/callback"]}
            headers = {"Origin": origin}
            async with session.options(address, headers={**headers, **asked}) as answer:
                assert answer.status < 300
            async with session.post(address, json=made, headers=headers) as answer:
                found = answer.headers.get("Access-Control-Allow-Origin", "")
                assert (answer.status == 201 and found == origin) == allowed


async def test_the_inspector_signs_in_and_lists_tools(
    site: Site,
    node_folder: Path,  # noqa: F811 - a fixture
    tmp_path: Path,
) -> None:
    started = inspector("modern", KeycloakPerson)
    async with asyncio.timeout(120), started(site.server, lambda: node_folder, tmp_path) as client:
        assert "list_workspaces" in {tool["name"] for tool in await client.tools()}
        called = await client.call("list_workspaces", {})
        assert called["structuredContent"]["workspaces"]


@pytest.mark.parametrize("client_id", ["", "by-hand"])
async def test_the_call_command_signs_in_once_until_an_administrator_ends_that(
    site: Site, tmp_path: Path, client_id: str
) -> None:
    environ = {
        "BROWSER": f"{sys.executable} -m tests.identity.pages %s",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    if client_id:
        await site.keycloak.add_public(client_id, f"http://127.0.0.1:{CALLBACK_PORT}/callback")
    command = ("call", "list_workspaces", "--url", site.server.url)
    told = [await typed(*command, "--client-id", client_id, environ=environ)]
    told.append(await typed(*command, environ=environ))
    await site.keycloak.sign_out()
    told.append(await typed(*command, environ=environ))
    assert [each.count("Sign in here") for each in told] == [1, 0, 1]
    assert all('"workspaces"' in each for each in told)
    kept = (tmp_path / "octoperf-mcp/credentials.json").read_text("utf-8")
    (entry,) = json.loads(kept).values()
    assert client_id in {"", entry["client"]["client_id"]}


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_signs_in_renews_and_after_a_revocation_signs_in_again(
    site: Site, request: pytest.FixtureRequest, name: str
) -> None:
    folder = Path() if name == "mcp for Python" else request.getfixturevalue("node_folder")
    await lives(site, ACCESS_LIFE_S)
    person = KeycloakPerson()
    async with asyncio.timeout(120), CLIENTS[name](site.server, person, folder) as call:
        assert (await call())["workspaces"]
        assert len(person.consents) == 1
        first = site.platform.tokens[-1]
        while site.platform.tokens[-1] == first:
            assert (await call())["workspaces"]
        assert len(person.opened) == 1
        assert claims_of(first)["sid"] == claims_of(site.platform.tokens[-1])["sid"]
        await site.keycloak.sign_out()
        if name.startswith("TypeScript"):
            with pytest.raises(ConnectionError, match="Unauthorized"):
                await call()
        else:  # these two ask the person within the call, who allows it once more
            assert (await call())["workspaces"]
        assert len(person.opened) == 2
    await lives(site, 300)


async def test_new_keys_are_fetched_old_ones_stay_and_made_up_ones_cost_little(site: Site) -> None:
    old = await signed_in(site)
    await site.keycloak.rotate_keys()
    new = await signed_in(site)
    kids = [json.loads(urlsafe_b64decode(each.split(".")[0] + "==")) for each in (old, new)]
    assert kids[0]["kid"] != kids[1]["kid"]
    for token in (old, new):
        assert (await answered(site.server, token, "list_workspaces"))[0] == 200
    asked = site.keys.asked
    _, body, signature = new.split(".")
    for number in range(50):
        header = {**kids[1], "kid": f"made-up-{number}"}
        named = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        status, challenge, _ = await answered(
            site.server, f"{named}.{body}.{signature}", "list_workspaces"
        )
        assert status == 401
        assert "unknown key" in challenge
    assert site.keys.asked <= asked + 1


async def test_a_service_account_calls_with_its_own_token(site: Site) -> None:
    secret = await site.keycloak.add_service("ci")
    granted = await site.keycloak.service_token("ci", secret, "octoperf:read")
    token = granted["access_token"]
    assert (await answered(site.server, token, "list_workspaces"))[0] == 200
    status, challenge, _ = await answered(
        site.server, token, "create_project", workspaceId="w1", name="x"
    )
    assert status == 403
    assert "octoperf:write" in challenge
    without = await site.keycloak.service_token("ci", secret, "")
    assert (await answered(site.server, without["access_token"], "list_workspaces"))[0] == 401
    environ = {"OCTOPERF_TOKEN": token}
    told = await typed("call", "list_workspaces", "--url", site.server.url, environ=environ)
    assert '"workspaces"' in told


async def test_while_keycloak_is_away_known_keys_hold_and_then_all_goes_on(site: Site) -> None:
    token = await signed_in(site)
    await site.keycloak.stop()
    assert await readiness(site.server) == 200
    status, _, body = await sent(site.server, token, "tools/list", {})
    assert status == 200
    assert body["result"]["tools"]
    await site.keycloak.start()
    assert (await answered(site.server, token, "list_workspaces"))[0] == 200
    assert await signed_in(site)
