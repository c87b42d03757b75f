"""How much a run will send: against what the engine plays, by hand."""

from typing import Any

import pytest

from octoperf_mcp.embedded.engine.runs.materials import ProjectMaterials
from octoperf_mcp.embedded.engine.runs.scenario_plans import ScenarioPlan
from octoperf_mcp.embedded.launch.predictions import crowding, predicted, uncounted
from octoperf_mcp.embedded.store.documents import Document
from tests.octoperf_mcp.embedded.engine.added_plays import actions

Json = dict[str, Any]


def document(kind: str, document_id: str, body: Json) -> Document:
    return Document(kind, document_id, "w", "p", 1, body)


def node(kind: str, *children: Json, **more: Any) -> Json:
    return {"@type": kind, "enabled": True, "children": list(children), **more}


def request(*children: Json, size: int = 10, **more: Any) -> Json:
    return node("HttpRequestAction", *children, recordedResponse={"bodySize": size}, **more)


def constant(ms: int) -> Json:
    return {"@type": "ThinktimeConstant", "value": ms}


def of(*children: Json, settings: Json | None = None, users: int = 2) -> tuple[int, int]:
    return predicted(plan(*children, settings=settings, users=users))


def plan(
    *children: Json, settings: Json | None = None, users: int = 2, browser: Json | None = None
) -> ScenarioPlan:
    """Of 2 users for 100 s; a request lasts 100 ms."""
    fragment = {"children": [request(), node("LinkAction", virtualUserId="vu")]}
    trees = {
        "vu": document("virtual_user", "vu", {"children": list(children)}),
        "fragment": document("virtual_user", "fragment", fragment),
    }
    load = {"@type": "UserProfileLoadRampUp", "delayMs": 0, "rampUpMs": 0, "plateauMs": 100_000}
    profile = {
        "virtualUserId": "vu",
        "load": {**load, "plateauVus": users},
        "engine": {"settings": settings or {}, "browser": browser},
    }
    held = ProjectMaterials(document("project", "p", {}), trees, [], [], [], actions())
    return ScenarioPlan(document("scenario", "s", {}), held, [profile])


@pytest.mark.parametrize(
    ("action", "requests"),
    [
        (request(), 2000),
        (request(thinktime=constant(900)), 200),
        (request(thinktime={"@type": "ThinktimeRange", "min": 800, "max": 1000}), 200),
        (request(thinktime={"@type": "ThinktimeGaussian", "offset": 900, "deviation": 5}), 200),
        (request(thinktime={"@type": "ThroughputThinktime", "hitsPerSecond": 1}), 200),
        (request(node("ThinktimeAction", thinktime=constant(900))), 200),
        (node("LoopContainerAction", request(), count=9), 2000),
        (node("LoopContainerAction", request(), count=-1), 2000),
        (node("RandomContainerAction", request(), request(thinktime=constant(900))), 364),
        (node("FlowControlContainerAction", request(), value=50), 2000),
        (node("ForEachContainerAction", request(), startIndex=1, endIndex=4), 2000),
        (node("IfContainerAction", request(), enabled=False), 0),
        (node("LinkAction", virtualUserId="fragment"), 2000),
        (node("LinkAction", virtualUserId="gone"), 0),
        (request(enabled=False), 0),
    ],
)
def test_each_action_counts_as_it_is_played(action: Json, requests: int) -> None:
    found, size = of(action)
    assert (found, round(size / 10)) == (requests, requests)


@pytest.mark.parametrize(
    ("action", "browser", "told"),
    [
        (request(), None, False),
        (request(downloadResources=True), None, True),
        (node("ContainerAction", request(downloadResources=True), enabled=False), None, False),
        (request(), {"downloadResources": True}, True),
        (request(downloadResources=True), {"downloadResources": False}, False),
        (node("ContainerAction"), {"downloadResources": True}, False),
    ],
)
def test_what_pages_embed_is_told_and_not_counted(
    action: Json, browser: Json | None, told: bool
) -> None:
    found = uncounted(plan(action, browser=browser))
    assert len(found) == told
    assert all("what its pages embed is downloaded, too" in text for text in found)


def test_actions_of_plugins_count_as_requests_without_bytes() -> None:
    assert of(node("AcmeSayAction", node("RegexpVariableExtractor"))) == (2000, 0)
    assert of(node("AcmeTwiceAction", request(), node("AcmeSayAction"))) == (2000, 10_000)


def test_containers_weigh_what_they_repeat() -> None:
    loop = node("LoopContainerAction", request(size=1), count="3")
    half = node("FlowControlContainerAction", request(size=1), value=50)
    pause = node("DelayAction", value=550)
    # An iteration has 3.5 requests and lasts 350 + 550 + 100 ms.
    assert of(loop, half, pause, request(size=1)) == (900, 900)


@pytest.mark.parametrize(
    ("settings", "requests"),
    [
        ({"thinkTime": {"pacing": {"min": 1, "max": 3, "unit": "SECONDS"}}}, 100),
        ({"thinkTime": {"thinktime": constant(400)}}, 400),
        ({"iterations": 7}, 14),
        (
            {
                "thinkTime": {
                    "thinktime": {"@type": "ThroughputThinktime", "hitsPerSecond": 5},
                    "pacing": {"min": 9, "max": 9},
                }
            },
            1000,
        ),
    ],
)
def test_settings_of_a_profile_count(settings: Json, requests: int) -> None:
    assert of(request(thinktime=constant(0)), settings=settings)[0] == requests


def arriving(rate: float, *, users: int, settings: Json | None = None) -> ScenarioPlan:
    """Users who arrive for 60 s, whose iteration is taken to last 500 ms."""
    tree = {"children": [request(thinktime=constant(400))]}
    load = {
        "@type": "UserProfileLoadArrivals",
        "points": [{"timeInMs": at, "arrivalsPerMinute": rate} for at in (0, 60_000)],
        "maxVus": users,
    }
    profile = {
        "name": "buyers",
        "virtualUserId": "vu",
        "load": load,
        "engine": {"settings": settings or {}},
    }
    trees = {"vu": document("virtual_user", "vu", tree)}
    held = ProjectMaterials(document("project", "p", {}), trees, [], [], [])
    return ScenarioPlan(document("scenario", "s", {}), held, [profile])


@pytest.mark.parametrize(
    ("rate", "users", "settings", "requests"),
    [
        (600, 10, None, 600),
        (600, 2, None, 240),
        (600, 10, {"thinkTime": {"pacing": {"min": 9, "max": 9}}}, 600),
        (600, 10, {"iterations": 5}, 50),
    ],
)
def test_arrivals_are_as_many_as_their_users_can_play(
    rate: float, users: int, settings: Json | None, requests: int
) -> None:
    assert predicted(arriving(rate, users=users, settings=settings))[0] == requests


def test_a_preview_says_when_arrivals_will_find_no_free_user() -> None:
    [enough] = crowding(arriving(600, users=5))
    assert "600 arrivals for up to 5 users" in enough
    assert "about 5 play at the peak" in enough
    assert "maxVus" not in enough
    [crowded] = crowding(arriving(600, users=4))
    assert crowded.endswith("Arrivals will wait and start late: raise maxVus.")


@pytest.mark.parametrize(
    ("more", "requests"),
    [
        ({}, 1),
        ({"numberOfThreads": 3, "loopCount": 4}, 12),
        ({"numberOfThreads": -1}, 2),
        ({"loopCount": -1}, 1),
        ({"loopCount": 0}, 0),
    ],
)
def test_set_ups_and_tear_downs_are_counted(more: Json, requests: int) -> None:
    party = {"virtualUserId": "fragment", **more}
    alone, _ = of(request(enabled=False), settings={"setUp": party, "tearDown": None})
    assert alone == requests
    both, size = of(request(), settings={"setUp": party, "tearDown": party})
    # The fragment plays its own request, and that of the virtual user that it links to.
    assert (both, size) == (2000 + 4 * requests, 20_000 + 40 * requests)
