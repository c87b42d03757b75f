import gevent
import pytest

from octoperf_mcp.embedded.engine.actions.compiler import Options
from octoperf_mcp.embedded.engine.actions.resources import resources_of
from octoperf_mcp.embedded.metrics.sample import HIT, RESOURCE
from tests.octoperf_mcp.embedded.engine.players import Player, node, request
from tests.octoperf_mcp.embedded.engine.target import Answer, Target

PAGE = """
<html><head><link rel="stylesheet" href="/a.css"><link rel=canonical href="/self">
<script src=/b.js></script><script>var x = "<img src='/no.png'>"</script></head>
<body><!-- <img src="/hidden.png"> --><img src="c.png?x=1&amp;y=2#part"><img src="/a.css">
<img src="data:image/png;base64,AA"><input type="image" src="/d.gif"><input src="/e.gif">
<a href="/f"></a><img></body></html>
"""


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ('<img src="/a">', ["http://h/a"]),
        ("<IMG SRC='b'>", ["http://h/p/b"]),
        ("<img alt='a > b' src=c>", ["http://h/p/c"]),
        ('<base href="//cdn/x/"><img src="d">', ["http://cdn/x/d"]),
        ('<link rel="shortcut icon" href="/i.ico">', ["http://h/i.ico"]),
        ('<link rel="next" href="/n">', []),
        ('<script>1</script><script src="https://o/s.js"></script>', ["https://o/s.js"]),
        ('<iframe src="f"></iframe><object data="g"></object>', ["http://h/p/f", "http://h/p/g"]),
        ('<img src="javascript:1"><img src="http://[bad">', []),
        ("<img src=", []),
        ("", []),
    ],
)
def test_the_resources_of_a_page_are_found(page: str, found: list[str]) -> None:
    assert resources_of(page, "http://h/p/q") == found


def shown(target: Target, page: str = PAGE) -> None:
    target.answers["/page"] = Answer(page, headers=[("Content-Type", "text/html; charset=utf-8")])
    for path in ("/a.css", "/b.js", "/d.gif"):
        target.answers[path] = Answer("x")


def test_a_page_is_fetched_with_what_it_shows(target: Target) -> None:
    shown(target)
    page = request(
        "/page", downloadResources=True, headers=[{"name": "Accept", "value": "text/html"}]
    )
    outcomes = Player([request("/login"), page], servers=[target.server()]).play()
    kinds = [outcome.sample.kind for outcome in outcomes]
    assert kinds == [HIT, RESOURCE, RESOURCE, RESOURCE, RESOURCE, HIT]
    assert target.by_path() == {
        "/login": 1, "/page": 1, "/a.css": 1, "/b.js": 1, "/c.png": 1, "/d.gif": 1,
    }  # fmt: skip
    assert {outcome.sample.action_id for outcome in outcomes[1:]} == {"/page"}
    missing = next(o for o in outcomes if o.sample.url.endswith("/c.png?x=1&y=2"))
    assert (missing.sample.code, missing.sample.ok, missing.message) == (
        "404",
        False,
        "404 Not Found",
    )
    assert outcomes[-1].sample.ok
    sent = next(hit for hit in target.hits if hit.path == "/b.js").headers
    assert sent["cookie"] == "sid=s-1"
    assert sent["accept"] == "*/*"
    assert sent["referer"].endswith("/page")


def test_resources_are_fetched_side_by_side(target: Target) -> None:
    shown(target, "".join(f'<img src="/short-pause?{i}">' for i in range(12)))
    page = request("/page", downloadResources=True)
    Player([page], servers=[target.server(resourcesPool=3)]).play()
    assert target.by_path()["/short-pause"] == 12
    assert target.connections == 4


@pytest.mark.parametrize(
    ("asked", "override", "fetched"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_the_profile_may_override_what_the_request_says(
    target: Target, asked: bool, override: bool | None, fetched: bool
) -> None:
    shown(target, '<img src="/a.css">')
    options = Options(download_resources=override)
    page = request("/page", downloadResources=asked)
    Player([page], servers=[target.server()], options=options).play()
    assert (target.by_path()["/a.css"] == 1) is fetched


def test_only_pages_have_resources(target: Target) -> None:
    target.answers["/data"] = Answer('<img src="/a.css">', headers=[("Content-Type", "text/plain")])
    Player([request("/data", downloadResources=True)], servers=[target.server()]).play()
    assert target.count == 1


def test_an_assertion_may_look_at_the_resources(target: Target) -> None:
    shown(target, '<img src="/a.css">')
    assertion = node("ResponseAssertion", patterns=["^x$"], type="SUBREQUESTS_ONLY")
    page = request("/page", downloadResources=True, children=[assertion])
    assert Player([page], servers=[target.server()]).play()[-1].sample.ok


def test_a_page_that_is_killed_among_its_resources_is_counted_with_what_was_sent(
    target: Target,
) -> None:
    shown(target, '<img src="/a.css"><img src="/slow"><img src="/slow?2">')
    player = Player([request("/page", downloadResources=True)], servers=[target.server()])
    user = gevent.spawn(player.session.run_iteration)
    while target.by_path()["/slow"] < 2 or not target.by_path()["/a.css"]:
        gevent.sleep(0.01)
    gevent.sleep(0.02)
    user.kill()
    samples = [outcome.sample for outcome in player.notes.outcomes]
    assert len(samples) == target.count == 4
    assert [sample.cut_off for sample in samples] == [True, True, False, False]
    assert samples[-1].kind == HIT


def test_no_resource_is_begun_when_the_run_is_over(target: Target) -> None:
    player = Player([request("/page", downloadResources=True)], servers=[target.server()])

    def page(_: object) -> Answer:
        player.session.deadline = 0.0
        return Answer('<img src="/a.css">', headers=[("Content-Type", "text/html")])

    target.answers["/page"] = page
    player.session.deadline = None
    outcomes = player.play()
    assert [outcome.sample.kind for outcome in outcomes] == [HIT]
    assert target.count == 1
