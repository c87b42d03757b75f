"""The sign-in page: forgery, guessing, sessions, where it goes on to."""

import pytest
import sqlalchemy as sa
from aiohttp.test_utils import make_mocked_request

from octoperf_mcp.embedded.idp.pages import local_path
from octoperf_mcp.embedded.idp.tables import browser_session
from tests.octoperf_mcp.embedded.idp.conftest import PASSWORD, Browser, Forms, World

LOGIN = "/ui/access/login"


async def signed_in_as(world: World, browser: Browser) -> str | None:
    """Whom the provider recognises in the browser's cookies."""
    cookies = {cookie.key: cookie.value for cookie in browser.session.cookie_jar}
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    request = make_mocked_request("GET", "/ui/", headers={"Cookie": header})
    principal = await world.provider.browser_user(request)
    return principal.username if principal else None


async def test_signing_in_sets_a_cookie_that_scripts_cannot_read(world: World) -> None:
    browser = await world.browser().get(f"{LOGIN}?next=/ui/x")
    async with browser.session.post(
        world.origin + LOGIN,
        data={**Forms(browser.page).forms[0][1], "username": "demo", "password": PASSWORD},
        allow_redirects=False,
    ) as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == "/ui/x"
        cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert await signed_in_as(world, browser) == "demo"


async def test_who_is_signed_in_goes_straight_on(world: World) -> None:
    browser = await world.browser().get(LOGIN)
    await browser.sign_in()
    await browser.get(f"{LOGIN}?next=/auth/oauth2/jwks")
    assert browser.path == "/auth/oauth2/jwks"


@pytest.mark.parametrize(
    ("username", "password"),
    [("demo", "wrong"), ("nobody", PASSWORD), ("", ""), ("demo", "x" * 2000)],
)
async def test_what_was_wrong_is_not_told(world: World, username: str, password: str) -> None:
    browser = await world.browser().get(LOGIN)
    await browser.sign_in(username, password)
    assert browser.status == 403
    assert "The user name or the password is wrong." in browser.page
    assert 'role="alert"' in browser.page
    assert await signed_in_as(world, browser) is None


async def test_a_user_name_is_shown_again_as_text(world: World) -> None:
    browser = await world.browser().get(LOGIN)
    await browser.sign_in('"><script>alert(1)</script>', "x")
    assert "<script" not in browser.page


async def test_a_name_is_found_in_whatever_case(world: World) -> None:
    browser = await world.browser().get(LOGIN)
    await browser.sign_in(" DEMO ")
    assert await signed_in_as(world, browser) == "demo"


async def test_guessing_is_slowed_down_even_with_the_right_password_in_the_end(
    world: World,
) -> None:
    browser = await world.browser().get(LOGIN)
    for _ in range(5):
        await browser.sign_in(password="wrong")
        assert browser.status == 403
    await browser.sign_in()
    assert browser.status == 429
    assert "Too many attempts" in browser.page
    assert int(browser.headers["Retry-After"]) > 0
    assert await signed_in_as(world, browser) is None
    await world.provider.create_user("ada", "another password")
    await browser.sign_in("ada", "another password")
    assert await signed_in_as(world, browser) == "ada"


async def test_success_takes_earlier_failures_back(world: World) -> None:
    browser = await world.browser().get(LOGIN)
    for _ in range(4):
        await browser.sign_in(password="wrong")
    await browser.sign_in()
    await browser.get(f"{LOGIN}?again=1")
    await browser.sign_in(password="wrong")
    assert browser.status == 403


async def test_a_form_from_elsewhere_signs_nobody_in(world: World) -> None:
    """Otherwise an attacker could sign a victim in as himself and watch what it does."""
    attacker = await world.browser().get(LOGIN)
    fields = {**Forms(attacker.page).forms[0][1], "username": "demo", "password": PASSWORD}
    victim = world.browser()
    await victim.post(LOGIN, fields)
    assert victim.status == 403
    assert await signed_in_as(world, victim) is None
    await victim.sign_in()  # the page that came back works
    assert await signed_in_as(world, victim) == "demo"


async def test_two_sign_in_pages_do_not_spoil_each_other(world: World) -> None:
    browser = await world.browser().get(LOGIN)
    first = Forms(browser.page).forms[0][1]
    await browser.get(LOGIN)
    await browser.post(LOGIN, {**first, "username": "demo", "password": PASSWORD})
    assert await signed_in_as(world, browser) == "demo"


async def test_a_body_that_is_no_form_is_refused(world: World) -> None:
    async with world.http.post(world.origin + LOGIN, json={}) as answer:
        assert answer.status == 400


@pytest.mark.parametrize(
    "path",
    [
        "",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\tevil",
        "/\n/evil.example",
        "javascript:alert(1)",
        "ui",
        "/é",
    ],
)
async def test_signing_in_never_leads_elsewhere(path: str) -> None:
    assert local_path(path) == "/ui/"


@pytest.mark.parametrize("path", ["/", "/ui/x?y=1", "/auth/oauth2/authorize?a=b%20c"])
async def test_signing_in_leads_back_to_where_it_was_needed(path: str) -> None:
    assert local_path(path) == path


async def test_signing_out_asks_and_then_ends_the_session(world: World) -> None:
    browser = await world.browser().get(LOGIN)
    await browser.sign_in()
    await browser.post("/ui/access/logout", {"form": "wrong"})
    assert browser.status == 403
    assert await signed_in_as(world, browser) == "demo"
    stolen = {cookie.key: cookie.value for cookie in browser.session.cookie_jar}
    await browser.get("/ui/access/logout")
    assert "demo" in browser.page
    await browser.submit()
    assert browser.path.startswith(LOGIN)
    assert await signed_in_as(world, browser) is None
    browser.session.cookie_jar.update_cookies(stolen)
    assert await signed_in_as(world, browser) is None


async def test_a_new_sign_in_ends_the_session_it_replaces(world: World) -> None:
    browser = await world.browser().get(LOGIN)
    await browser.sign_in()
    await browser.get(f"{LOGIN}?again=1")
    await browser.sign_in()
    async with world.database.reading() as connection:
        sessions = (await connection.execute(sa.select(browser_session))).all()
    assert len(sessions) == 1


async def test_a_new_password_ends_sessions_and_grants(world: World) -> None:
    browser = await world.browser().get(LOGIN)
    await browser.sign_in()
    client_id, tokens = await world.signed_in()
    await world.provider.set_password(world.user_id, "a new password")
    assert await signed_in_as(world, browser) is None
    assert await world.provider.principal(tokens["access_token"]) is None
    status, _ = await world.refresh(client_id, tokens["refresh_token"])
    assert status == 400
    assert await world.provider.check_password("demo", PASSWORD) is None
    assert await world.provider.check_password("demo", "a new password") == world.user_id


async def test_an_old_session_ends(world: World) -> None:
    browser = await world.browser().get(LOGIN)
    await browser.sign_in()
    async with world.database.writing() as connection:
        await connection.execute(browser_session.update().values(expires=1))
    assert await signed_in_as(world, browser) is None
    await world.provider.tidy()
    async with world.database.reading() as connection:
        assert (await connection.execute(sa.select(browser_session))).all() == []


async def test_a_page_that_needs_a_user_comes_back_after_signing_in(world: World) -> None:
    request = make_mocked_request("GET", "/ui/workspace/1/project/2?tab=a%20b")
    location = world.provider.sign_in_redirect(request).headers["Location"]
    browser = await world.browser().get(location)
    assert Forms(browser.page).forms[0][1]["next"] == "/ui/workspace/1/project/2?tab=a%20b"


async def test_other_rooms_can_protect_their_forms(world: World) -> None:
    browser = await world.browser().get(LOGIN)
    await browser.sign_in()
    header = "; ".join(f"{item.key}={item.value}" for item in browser.session.cookie_jar)
    request = make_mocked_request("POST", "/ui/", headers={"Cookie": header})
    text = world.provider.anti_forgery(request)
    assert world.provider.is_genuine(request, text)
    assert not world.provider.is_genuine(request, "")
    nobody = make_mocked_request("POST", "/ui/")
    assert not world.provider.is_genuine(nobody, world.provider.anti_forgery(nobody))
