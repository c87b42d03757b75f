import time
from email.utils import formatdate
from typing import Any

import pytest

from octoperf_mcp.embedded.engine.play.profiles import compile_profile
from octoperf_mcp.embedded.metrics.sample import RESOURCE
from tests.octoperf_mcp.embedded.engine.players import Json, Player, node, request
from tests.octoperf_mcp.embedded.engine.target import Answer, Hit, Target

PAGE = [("Content-Type", "text/html")]


def cached(target: Target, actions: list[Json], **settings: Any) -> Player:
    """A user with the browser cache of a profile."""
    player = Player(actions, servers=[target.server()])
    profile = {"virtualUserId": "vu", "engine": {"browser": {"cache": settings}}}
    player.program = compile_profile(profile, 0, player.materials, player.notes.lines.append)
    player.session = player.user()
    return player


def revalidating(
    target: Target, *headers: tuple[str, str], body: str = "secret=42\n" + "x" * 500
) -> None:
    """An address that answers 304 to its own validators."""

    def answer(hit: Hit) -> Answer:
        known = "if-none-match" in hit.headers or "if-modified-since" in hit.headers
        return Answer("", 304, list(headers)) if known else Answer(body, headers=list(headers))

    target.answers["/kept"] = answer


def codes(player: Player, iterations: int = 1) -> list[str]:
    return [outcome.sample.code for outcome in player.play(iterations)]


def test_what_has_validators_is_asked_for_with_them(target: Target) -> None:
    date = formatdate(0, usegmt=True)
    revalidating(target, ("ETag", '"v1"'), ("Last-Modified", date))
    player = cached(target, [request("/kept"), request("/kept")])
    assert codes(player) == ["200", "304"]
    assert target.hits[1].headers["if-none-match"] == '"v1"'
    assert target.hits[1].headers["if-modified-since"] == date


def test_a_304_is_read_as_the_answer_that_it_stands_for(target: Target) -> None:
    revalidating(target, ("ETag", '"v1"'))
    extractor = node("RegexpVariableExtractor", variable="s", regexp="secret=(.*)")
    assertion = node("ResponseAssertion", patterns=["secret"], rule="SUBSTRING", location="BODY")
    action = request("/kept", children=[extractor, assertion])
    player = cached(target, [action, action])
    first, second = player.play()
    assert (second.sample.code, second.sample.ok) == ("304", True)
    assert second.sample.received_bytes < first.sample.received_bytes
    assert player.variables["s"] == "42"
    assert player.variables["s_matchNr"] == "1"


def test_the_cache_is_emptied_with_each_iteration_unless_the_profile_keeps_it(
    target: Target,
) -> None:
    revalidating(target, ("ETag", '"v1"'))
    assert codes(cached(target, [request("/kept")]), 2) == ["200", "200"]
    keeping = cached(target, [request("/kept")], clearCacheOnEachIteration=False)
    assert codes(keeping, 3) == ["200", "304", "304"]


def test_a_user_does_not_know_what_another_one_has_seen(target: Target) -> None:
    revalidating(target, ("ETag", '"v1"'))
    player = cached(target, [request("/kept")], clearCacheOnEachIteration=False)
    codes(player)
    player.session = player.user()
    assert codes(player) == ["200"]


def test_what_is_fresh_is_not_asked_for_where_the_profile_obeys_the_headers(
    target: Target,
) -> None:
    revalidating(target, ("Cache-Control", "private, max-age=60"))
    fresh = cached(target, [request("/kept"), request("/kept")], useCacheControlHeaders=True)
    assert codes(fresh) == ["200"]
    stubborn = cached(target, [request("/kept"), request("/kept")])
    assert codes(stubborn) == ["200", "200"]


@pytest.mark.parametrize(
    "headers",
    [
        [("Cache-Control", "no-store"), ("ETag", '"v1"')],
        [("Cache-Control", "no-cache, max-age=60")],
        [("Cache-Control", "max-age=60"), ("Age", "60")],
        [("Cache-Control", "max-age=nonsense")],
        [("Expires", "0")],
        [("Expires", formatdate(0, usegmt=True))],
        [("ETag", '"v1"'), ("Vary", "*")],
    ],
)
def test_what_must_not_be_kept_is_asked_for_anew(
    target: Target, headers: list[tuple[str, str]]
) -> None:
    revalidating(target, *headers)
    player = cached(target, [request("/kept"), request("/kept")], useCacheControlHeaders=True)
    assert codes(player) == ["200", "200"]


def test_an_answer_with_a_date_of_expiry_is_fresh_until_then(target: Target) -> None:
    soon = formatdate(time.time() + 60, usegmt=True)
    revalidating(target, ("Expires", soon))
    player = cached(target, [request("/kept"), request("/kept")], useCacheControlHeaders=True)
    assert codes(player) == ["200"]


def test_an_answer_is_for_requests_with_the_headers_that_it_varies_by(target: Target) -> None:
    revalidating(target, ("ETag", '"v1"'), ("Vary", "Accept-Language"))
    english = [{"name": "Accept-Language", "value": "en"}]
    french = [{"name": "Accept-Language", "value": "fr"}]
    actions = [request("/kept", headers=english), request("/kept", headers=french)]
    player = cached(target, [*actions, request("/kept", headers=french)])
    assert codes(player) == ["200", "200", "304"]


def test_only_get_is_answered_from_the_cache(target: Target) -> None:
    revalidating(target, ("ETag", '"v1"'))
    player = cached(target, [request("/kept"), request("/kept", method="POST")])
    assert codes(player) == ["200", "200"]


def test_the_least_used_goes_first(target: Target) -> None:
    for path in ("/a", "/b", "/c"):
        target.answers[path] = Answer("x", headers=[("ETag", f'"{path}"')])
    paths = ["/a", "/b", "/a", "/c", "/a", "/b"]
    codes(cached(target, [request(path) for path in paths], cacheSize=2))
    conditional = [hit.path for hit in target.hits if "if-none-match" in hit.headers]
    assert conditional == ["/a", "/a"]


def test_no_cache_at_all_with_a_size_of_zero(target: Target) -> None:
    revalidating(target, ("ETag", '"v1"'))
    assert codes(cached(target, [request("/kept"), request("/kept")], cacheSize=0)) == [
        "200",
        "200",
    ]


def test_what_a_page_shows_is_asked_for_with_its_validators(target: Target) -> None:
    revalidating(target, ("ETag", '"v1"'))
    target.answers["/page"] = Answer("<img src='/kept'>", headers=PAGE)
    page = request("/page", downloadResources=True)
    outcomes = cached(target, [page, page]).play()
    shown = [each.sample for each in outcomes if each.sample.kind == RESOURCE]
    assert [(sample.code, sample.ok) for sample in shown] == [("200", True), ("304", True)]


def test_what_a_page_shows_is_left_out_while_it_is_fresh(target: Target) -> None:
    target.answers["/kept"] = Answer("x", headers=[("Cache-Control", "max-age=60")])
    target.answers["/page"] = Answer("<img src='/kept'>", headers=PAGE)
    page = request("/page", downloadResources=True)
    cached(target, [page, page], useCacheControlHeaders=True).play()
    assert target.by_path() == {"/page": 2, "/kept": 1}
