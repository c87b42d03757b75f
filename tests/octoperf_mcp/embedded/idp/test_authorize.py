"""The authorization endpoint: what is refused, where errors go, what the pages show."""

from urllib.parse import urlencode

import pytest

from tests.octoperf_mcp.embedded.idp.conftest import (
    CALLBACK,
    Browser,
    Challenge,
    Forms,
    World,
)


async def asked(world: World, **changes: str | None) -> Browser:
    """A request of a registered client, changed."""
    client_id = (await world.register())["client_id"]
    path = world.authorize_path(client_id, Challenge(), **changes)
    return await world.browser().get(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"client_id": None},
        {"client_id": 'x"<script>'},
        {"redirect_uri": "https://evil.example/cb"},
        {"redirect_uri": "http://127.0.0.1:53412/other"},
        {"redirect_uri": "http://localhost:53412/callback"},
        {"redirect_uri": "javascript:alert(1)"},
    ],
)
async def test_what_is_not_known_to_be_the_client_is_told_on_a_page(
    world: World, changes: dict[str, str | None]
) -> None:
    """RFC 6749 section 4.1.2.1: never redirect to an address that was not checked."""
    browser = await asked(world, **changes)
    assert browser.status == 400
    assert browser.left_for == ""
    assert "<script>" not in browser.page


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_type": 'co"de\\é'}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "é" * 43}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": '"'}, "invalid_request"),
        ({"resource": "https://elsewhere.example/mcp"}, "invalid_target"),
        ({"resource": "not an address"}, "invalid_target"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://x.example"}, "request_uri_not_supported"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_later_errors_go_back_to_the_client_with_state_and_issuer(
    world: World, changes: dict[str, str | None], error: str
) -> None:
    browser = await asked(world, **changes)
    assert browser.left_for.startswith(f"{CALLBACK}?")
    answer = browser.answer
    assert answer["error"] == error
    assert answer["state"] == "the state"
    assert answer["iss"] == world.origin


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "code_challenge"])
async def test_a_parameter_that_comes_twice_is_refused(world: World, name: str) -> None:
    client_id = (await world.register())["client_id"]
    path = world.authorize_path(client_id, Challenge()) + "&" + urlencode({name: "x"})
    browser = await world.browser().get(path)
    assert browser.status == 400


async def test_a_query_that_is_not_text_is_refused(world: World) -> None:
    browser = await world.browser().get("/auth/oauth2/authorize?client_id=%FF")
    assert browser.status == 400


async def test_several_resources_are_fine_when_all_are_ours(world: World) -> None:
    client_id = (await world.register())["client_id"]
    path = world.authorize_path(client_id, Challenge())
    browser = await world.browser().get(f"{path}&{urlencode({'resource': world.origin})}")
    assert browser.path.startswith("/ui/access/login")
    browser = await world.browser().get(f"{path}&resource=https%3A%2F%2Felsewhere.example")
    assert browser.answer["error"] == "invalid_target"


async def test_loopback_spellings_of_this_server_are_its_resources(world: World) -> None:
    port = world.origin.rsplit(":", 1)[1]
    for host in ("localhost", "127.0.0.1", "[::1]"):
        browser = await asked(world, resource=f"http://{host}:{port}/mcp")
        assert browser.path.startswith("/ui/access/login")
    browser = await asked(world, resource="http://localhost:1/mcp")
    assert browser.answer["error"] == "invalid_target"


async def test_without_a_resource_the_only_one_is_meant(world: World) -> None:
    _, tokens = await world.signed_in(resource=None)
    assert await world.provider.principal(tokens["access_token"]) is not None


async def test_unknown_parameters_are_ignored(world: World) -> None:
    browser = await asked(world, display="page", login_hint="x", nonce="n", audience="a")
    assert browser.path.startswith("/ui/access/login")


async def test_the_loopback_port_of_the_request_is_free_but_then_binding(world: World) -> None:
    """Claude Code registers addresses without port and sends a random one."""
    client_id = (await world.register(redirect_uris=["http://localhost/callback"]))["client_id"]
    uri, challenge = "http://localhost:51234/callback", Challenge()
    code = await world.code(client_id, challenge, redirect_uri=uri)
    other = "http://localhost:51235/callback"
    status, body = await world.exchange(client_id, code, challenge, redirect_uri=other)
    assert (status, body["error"]) == (400, "invalid_grant")
    status, _ = await world.exchange(client_id, code, challenge, redirect_uri=uri)
    assert status == 200


async def test_the_only_address_need_not_be_repeated(world: World) -> None:
    challenge = Challenge()
    client_id = (await world.register())["client_id"]
    code = await world.code(client_id, challenge, redirect_uri=None)
    status, _ = await world.exchange(client_id, code, challenge, redirect_uri=None)
    assert status == 200


async def test_of_several_addresses_the_request_must_choose(world: World) -> None:
    uris = ["http://localhost/a", "https://host.example/b"]
    client_id = (await world.register(redirect_uris=uris))["client_id"]
    path = world.authorize_path(client_id, Challenge(), redirect_uri=None)
    browser = await world.browser().get(path)
    assert browser.status == 400


async def test_the_address_keeps_its_own_query_byte_for_byte(world: World) -> None:
    uri = "https://host.example/cb?flag&n=%E9&s=a%20b"
    client_id = (await world.register(redirect_uris=[uri]))["client_id"]
    browser = await world.browser().get(
        world.authorize_path(client_id, Challenge(), redirect_uri=uri)
    )
    await browser.sign_in()
    await browser.submit(decision="allow")
    assert browser.left_for.startswith(f"{uri}&code=")
    assert browser.left_for.count("iss=") == 1


@pytest.mark.parametrize("state", ["a b&c=d", "é", "x" * 2000, '"><script>', "%20", "+"])
async def test_the_state_comes_back_as_it_was(world: World, state: str) -> None:
    client_id = (await world.register())["client_id"]
    browser = await world.browser().get(world.authorize_path(client_id, Challenge(), state=state))
    await browser.sign_in()
    await browser.submit(decision="allow")
    assert browser.answer["state"] == state


async def test_without_a_state_there_is_none_in_the_answer(world: World) -> None:
    client_id = (await world.register())["client_id"]
    browser = await world.browser().get(world.authorize_path(client_id, Challenge(), state=None))
    await browser.sign_in()
    await browser.submit(decision="allow")
    assert set(browser.answer) == {"code", "iss"}


async def test_a_claimed_name_is_shown_as_text_and_the_destination_beside_it(
    world: World,
) -> None:
    registered = await world.register(
        client_name='<script>alert("x")</script>\u202eedoC',
        redirect_uris=["https://host.example:8443/cb"],
    )
    browser = await world.browser().get(
        world.authorize_path(
            registered["client_id"], Challenge(), redirect_uri="https://host.example:8443/cb"
        )
    )
    await browser.sign_in()
    assert "<script" not in browser.page
    assert "&lt;script&gt;" in browser.page
    assert "\u202e" not in browser.page  # turns the writing direction around
    assert "host.example:8443" in browser.page


async def test_an_application_of_this_computer_is_shown_with_a_warning(world: World) -> None:
    registered = await world.register(redirect_uris=["cursor://anysphere.cursor-mcp/cb"])
    browser = await world.browser().get(
        world.authorize_path(
            registered["client_id"], Challenge(), redirect_uri="cursor://anysphere.cursor-mcp/cb"
        )
    )
    await browser.sign_in()
    assert "cursor:" in browser.page
    assert "could claim" in browser.page
    await browser.submit(decision="allow")
    assert browser.left_for.startswith("cursor://anysphere.cursor-mcp/cb?code=")


async def test_pages_run_no_scripts_and_stand_in_no_frame(world: World) -> None:
    client_id = (await world.register())["client_id"]
    browser = await world.browser().get(world.authorize_path(client_id, Challenge()))
    for _ in ("sign-in", "consent"):
        policy = browser.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert browser.headers["Referrer-Policy"] == "no-referrer"
        assert browser.headers["X-Frame-Options"] == "DENY"
        assert browser.headers["Cache-Control"] == "no-store"
        assert "<script" not in browser.page
        assert "http://" not in browser.page.replace(world.origin, "").replace(CALLBACK, "")
        await browser.sign_in()


async def test_a_consent_form_without_the_right_text_is_refused(world: World) -> None:
    client_id = (await world.register())["client_id"]
    path = world.authorize_path(client_id, Challenge())
    victim, attacker = world.browser(), world.browser()
    for browser in (victim, attacker):
        await browser.get(path)
        await browser.sign_in()
    fields = Forms(attacker.page).forms[0][1]
    for text in ("", "wrong", "é", fields["form"]):
        await victim.post("/auth/oauth2/authorize", {**fields, "form": text, "decision": "allow"})
        assert victim.status == 403
        assert victim.left_for == ""


async def test_a_second_tab_does_not_spoil_the_first(world: World) -> None:
    client_id = (await world.register())["client_id"]
    path = world.authorize_path(client_id, Challenge())
    browser = await world.browser().get(path)
    await browser.sign_in()
    first = Forms(browser.page).forms[0]
    await browser.get(path)
    second = Forms(browser.page).forms[0]
    for action, fields in (first, second):
        await browser.post(action, {**fields, "decision": "allow"})
        assert "code" in browser.answer


async def test_a_consent_form_after_signing_out_leads_to_the_sign_in_page(world: World) -> None:
    client_id = (await world.register())["client_id"]
    path = world.authorize_path(client_id, Challenge())
    browser = await world.browser().get(path)
    await browser.sign_in()
    action, fields = Forms(browser.page).forms[0]
    browser.session.cookie_jar.clear()
    await browser.post(action, {**fields, "decision": "allow"})
    assert browser.path.startswith("/ui/access/login")


async def test_a_changed_request_in_the_consent_form_is_checked_again(world: World) -> None:
    client_id = (await world.register())["client_id"]
    browser = await world.browser().get(world.authorize_path(client_id, Challenge()))
    await browser.sign_in()
    action, fields = Forms(browser.page).forms[0]
    request = fields["request"].replace("callback", "elsewhere")
    await browser.post(action, {**fields, "request": request, "decision": "allow"})
    assert browser.status == 400
    assert browser.left_for == ""


async def test_prompt_none_needs_consent_when_somebody_is_signed_in(world: World) -> None:
    client_id = (await world.register())["client_id"]
    browser = await world.browser().get(world.authorize_path(client_id, Challenge()))
    await browser.sign_in()
    await browser.get(world.authorize_path(client_id, Challenge(), prompt="none"))
    assert browser.answer["error"] == "consent_required"


async def test_prompt_login_asks_for_the_password_again_once(world: World) -> None:
    client_id = (await world.register())["client_id"]
    browser = await world.browser().get(world.authorize_path(client_id, Challenge()))
    await browser.sign_in()
    await browser.get(world.authorize_path(client_id, Challenge(), prompt="login consent"))
    assert browser.path.startswith("/ui/access/login")
    await browser.sign_in()
    assert "Test agent" in browser.page
    await browser.submit(decision="allow")
    assert "code" in browser.answer


async def test_another_account_can_be_used(world: World) -> None:
    await world.provider.create_user("Ada", "ada's password")
    client_id = (await world.register())["client_id"]
    challenge = Challenge()
    browser = await world.browser().get(world.authorize_path(client_id, challenge))
    await browser.sign_in()
    action, fields = Forms(browser.page).forms[1]
    await browser.post(action, fields)
    await browser.sign_in("ada", "ada's password")
    await browser.submit(decision="allow")
    status, tokens = await world.exchange(client_id, browser.answer["code"], challenge)
    assert status == 200
    principal = await world.provider.principal(tokens["access_token"])
    assert principal is not None
    assert principal.username == "Ada"
