"""Plugins that add types to documents: unique, shown, switched off, isolated when broken."""

import json
from typing import Any

import pytest

from octoperf_mcp import ActionType
from octoperf_mcp.entities.check import check, mismatches
from octoperf_mcp.errors import PluginError
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import Registry
from tests.octoperf_mcp.registry.test_discovering import loaded
from tests.octoperf_mcp.registry.test_manager import plugin

OWN = {"words": {"type": "string"}}
SAY = ActionType("AcmeSayAction", "Says.", "acme:say", OWN, ("words",), classes=("com.acme.Say",))


def with_types(*types: ActionType) -> Any:
    return plugin("acme", register_action_types=lambda: types)


def shown(registry: Registry) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(registry.public_assets["schema/vu.json"].content)
    defs: dict[str, Any] = found["$defs"]
    return defs


def user(*children: Any) -> dict[str, Any]:
    own = {"@type": "VirtualUser", "projectId": "p", "name": "n", "type": "JMETER"}
    return {**own, "children": list(children)}


def test_the_schema_lists_a_type_as_long_as_its_plugin_is_on() -> None:
    registry = load_registry(extra=[with_types(SAY)])
    assert shown(registry)["AcmeSayAction"]["required"] == [
        "@type",
        "id",
        "enabled",
        "children",
        "words",
    ]
    check(
        "virtual_user",
        user({"@type": "AcmeSayAction", "id": "a", "words": "w"}),
        registry.added_types,
    )
    assert "AcmeSayAction" not in shown(load_registry())


def test_of_a_plugin_that_is_off_a_refusal_names_the_plugin() -> None:
    registry = load_registry(disable=["websocket"])
    assert "WebSocketOpenAction" not in shown(registry)
    document = user({"@type": "WebSocketOpenAction", "id": "a", "serverId": "s", "path": "/"})
    (wrong,) = mismatches("virtual_user", document, registry.added_types)
    assert "the plugin websocket, which has this one, is off here" in wrong.expected
    check("virtual_user", document, load_registry().added_types)


def test_of_a_third_party_that_was_switched_off_too(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = loaded(monkeypatch, with_types(SAY), disable=["acme"])
    document = user({"@type": "AcmeSayAction", "id": "a", "words": "w"})
    (wrong,) = mismatches("virtual_user", document, registry.added_types)
    assert "the plugin acme, which has this one, is off here" in wrong.expected


def test_two_servers_in_a_process_know_different_types() -> None:
    one, other = load_registry(extra=[with_types(SAY)]), load_registry()
    document = user({"@type": "AcmeSayAction", "id": "a", "words": "w"})
    assert list(mismatches("virtual_user", document, one.added_types)) == []
    assert len(list(mismatches("virtual_user", document, other.added_types))) == 1


@pytest.mark.parametrize(
    ("types", "reason"),
    [
        ((SAY, SAY), "the type 'AcmeSayAction' is registered twice"),
        ((ActionType("WebSocketOpenAction", "Is.", "a:b"),), "'WebSocketOpenAction' is registered"),
        (
            (ActionType("HttpRequestAction", "Is.", "a:b"),),
            "'HttpRequestAction' is registered twice",
        ),
        ((ActionType("DelayAction", "Is.", "a:b"),), "the type 'DelayAction' is registered twice"),
        (
            (
                ActionType(
                    "AcmeAction",
                    "Is.",
                    "a:b",
                    classes=("eu.luminis.jmeter.wssampler.OpenWebSocketSampler",),
                ),
            ),
            "OpenWebSocketSampler' is registered twice",
        ),
        ((ActionType("AcmeAction", "Is.", "a:b", {"x": {"type": "txt"}}),), "is no JSON Schema"),
        (("AcmeAction",), "must return ActionType, not str"),
    ],
)
def test_a_third_party_with_an_impossible_type_is_left_out_and_the_rest_runs(
    types: Any, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = loaded(monkeypatch, with_types(*types))
    (acme,) = [one for one in registry.plugins if one.name == "acme"]
    assert acme.state == "broken"
    assert reason in acme.reason
    assert "WebSocketOpenAction" in shown(registry)


def test_a_built_in_one_with_a_taken_type_stops_the_start() -> None:
    with pytest.raises(PluginError, match="registered twice"):
        load_registry(extra=[with_types(SAY, SAY)], installed=False)
