"""Clients that publish what they are: the documents of real ones, and those that lie."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from octoperf_mcp.embedded.idp.client_documents import ClientDocuments, client_of, is_document_id
from octoperf_mcp.embedded.idp.client_metadata import InvalidMetadataError
from octoperf_mcp.embedded.idp.guarded_fetch import Fetched, UnacceptableError, UnreachableError
from tests.octoperf_mcp.embedded.idp.conftest import CALLBACK, Challenge, World

CLAUDE = "https://claude.ai/oauth/claude-code-client-metadata"
DOCUMENTS: dict[str, dict[str, Any]] = {
    CLAUDE: {
        "client_id": CLAUDE,
        "client_name": "Claude Code",
        "redirect_uris": ["http://localhost/callback", "http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    },
}


class Internet:
    """Answers with documents; `failure` instead when a test sets one."""

    def __init__(self) -> None:
        self.documents = dict(DOCUMENTS)
        self.asked: list[str] = []
        self.failure: Exception | None = None
        self.max_age_s: int | None = 600
        self.now = 0.0

    async def fetch(self, url: str) -> Fetched:
        self.asked.append(url)
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        if url not in self.documents:
            raise UnacceptableError("The address answered 404.")
        return Fetched(self.documents[url], self.max_age_s)

    def documents_of(self, **options: Any) -> ClientDocuments:
        return ClientDocuments(self.fetch, clock=lambda: self.now, **options)


@pytest.fixture
def internet() -> Internet:
    return Internet()


@pytest.fixture
def open_world(world: World, internet: Internet) -> Iterator[World]:
    """The provider with a way out."""
    world.provider.clients._documents = internet.documents_of()
    yield world
    world.provider.clients._documents = None


@pytest.mark.parametrize(
    "client_id", [CLAUDE, "https://chatgpt.com/oauth/codex/client.json", "https://a.example/c?v=1"]
)
def test_an_https_address_with_a_path_is_a_document_id(client_id: str) -> None:
    assert is_document_id(client_id)


@pytest.mark.parametrize(
    "client_id",
    [
        "",
        "ugFDZKHTWD7DFxs2qLaU",
        "http://a.example/c",
        "https://a.example",
        "https://a.example/",
        "https://a.example/c#f",
        "https://u:p@a.example/c",
        "https://a.example/x/../c",
        "https://a.example/x/%2e%2e/c",
        "https://a.example//c",
        "https://a.example/c d",
        "https://a.example:port/c",
        "https://a.example/\N{LATIN SMALL LETTER E WITH ACUTE}",
        "https://a.example/" + "c" * 1000,
    ],
)
def test_anything_else_is_not(client_id: str) -> None:
    assert not is_document_id(client_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": CLAUDE + "/"},
        {"client_id": None},
        {"client_name": None},
        {"redirect_uris": []},
        {"redirect_uris": ["http://evil.example/callback"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"client_secret": "s"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "private_key_jwt"},
    ],
)
def test_a_document_that_does_not_hold_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidMetadataError):
        client_of(CLAUDE, {**DOCUMENTS[CLAUDE], **changes})


@pytest.mark.parametrize("document", [None, [], "text", 1])
def test_what_is_no_object_is_refused(document: Any) -> None:
    with pytest.raises(InvalidMetadataError):
        client_of(CLAUDE, document)


async def test_a_document_is_kept_as_long_as_its_server_allows(internet: Internet) -> None:
    documents = internet.documents_of()
    found = await asyncio.gather(*(documents.client(CLAUDE) for _ in range(5)))
    assert {each.name for each in found if each} == {"Claude Code"}
    internet.now = 599
    await documents.client(CLAUDE)
    assert len(internet.asked) == 1
    internet.now = 600
    await documents.client(CLAUDE)
    assert len(internet.asked) == 2
    internet.max_age_s = 0
    internet.now = 1200
    await documents.client(CLAUDE)
    internet.now = 1259
    await documents.client(CLAUDE)
    assert len(internet.asked) == 3


async def test_a_refusal_is_kept_for_a_minute_and_an_outage_is_not(internet: Internet) -> None:
    documents = internet.documents_of()
    internet.failure = UnreachableError("down")
    with pytest.raises(UnreachableError):
        await documents.client(CLAUDE)
    internet.failure = UnacceptableError("404")
    assert await documents.client(CLAUDE) is None
    internet.failure = None
    assert await documents.client(CLAUDE) is None
    internet.now = 60
    assert await documents.client(CLAUDE) is not None


async def test_nobody_makes_us_flood_a_host(internet: Internet) -> None:
    documents = internet.documents_of()
    for number in range(10):
        await documents.client(f"https://victim.example/{number}")
    with pytest.raises(UnreachableError):
        await documents.client("https://victim.example/x")
    assert len(internet.asked) == 10
    assert await documents.client(CLAUDE) is not None


async def test_only_listed_hosts_are_asked_when_there_is_a_list(internet: Internet) -> None:
    documents = internet.documents_of(hosts=("claude.ai",))
    assert await documents.client("https://evil.example/c") is None
    assert await documents.client(CLAUDE) is not None
    assert internet.asked == [CLAUDE]


async def metadata(world: World) -> dict[str, Any]:
    path = "/.well-known/oauth-authorization-server"
    async with world.http.get(world.origin + path) as answer:
        return dict(await answer.json())


async def test_documents_are_off_unless_switched_on(world: World) -> None:
    assert (await metadata(world))["client_id_metadata_document_supported"] is False
    browser = await world.browser().get(world.authorize_path(CLAUDE, Challenge()))
    assert browser.status == 400
    assert "not registered" in browser.page


async def test_a_client_that_publishes_a_document_signs_in_and_renews(
    open_world: World, internet: Internet
) -> None:
    world = open_world
    assert (await metadata(world))["client_id_metadata_document_supported"] is True
    challenge = Challenge()
    browser = await world.browser().get(world.authorize_path(CLAUDE, challenge))
    await browser.sign_in()
    assert "Claude Code" in browser.page
    assert "claude.ai" in browser.page
    await browser.submit(decision="allow", access="write")
    status, tokens = await world.exchange(CLAUDE, browser.answer["code"], challenge)
    assert status == 200, tokens
    principal = await world.provider.principal(tokens["access_token"])
    assert principal is not None
    assert principal.client == "Claude Code"
    assert [use.client.id for use in await world.provider.clients.uses()] == [CLAUDE]
    internet.failure, internet.now = UnreachableError("down"), 10_000
    status, tokens = await world.refresh(CLAUDE, tokens["refresh_token"])
    assert status == 200, tokens
    await world.provider.delete_client(CLAUDE)
    assert await world.provider.principal(tokens["access_token"]) is None


async def test_an_address_that_the_document_does_not_name_is_refused(open_world: World) -> None:
    path = open_world.authorize_path(
        CLAUDE, Challenge(), redirect_uri=CALLBACK.replace("callback", "other")
    )
    browser = await open_world.browser().get(path)
    assert browser.status == 400
    assert not browser.left_for


async def test_a_document_that_was_withdrawn_ends_the_renewals(
    open_world: World, internet: Internet
) -> None:
    challenge = Challenge()
    code = await open_world.code(CLAUDE, challenge)
    _, tokens = await open_world.exchange(CLAUDE, code, challenge)
    internet.documents.clear()
    internet.now = 10_000
    status, answer = await open_world.refresh(CLAUDE, tokens["refresh_token"])
    assert (status, answer["error"]) == (401, "invalid_client")
