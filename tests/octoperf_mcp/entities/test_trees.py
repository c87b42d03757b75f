"""Rows of results name their actions."""

from octoperf_mcp.entities.trees import action_labels, label_of

VIRTUAL_USER = {
    "@type": "VirtualUser",
    "id": "vu1",
    "name": "Shopper",
    "children": [
        {
            "@type": "ContainerAction",
            "id": "a1",
            "name": "Login",
            "children": [
                {
                    "@type": "HttpRequestAction",
                    "id": "a2",
                    "name": "",
                    "method": "POST",
                    "path": "/login",
                    "recordedRequest": {"@type": "X", "id": "never"},
                    "children": [{"@type": "ResponseAssertion", "id": "a3", "name": "welcome"}],
                }
            ],
        },
        {"@type": "DebugAction", "id": "a4"},
    ],
}


def test_every_node_has_a_label_from_top_to_bottom() -> None:
    labels = action_labels(VIRTUAL_USER)
    assert [(label.id, label.name, label.kind) for label in labels.values()] == [
        ("vu1", "Shopper", "VirtualUser"),
        ("a1", "Login", "ContainerAction"),
        ("a2", "POST /login", "HttpRequestAction"),
        ("a3", "welcome", "ResponseAssertion"),
        ("a4", "DebugAction", "DebugAction"),
    ]
    assert labels["a3"].virtual_user_name == "Shopper"


def test_the_row_of_embedded_resources_is_named_after_its_request() -> None:
    label = label_of(action_labels(VIRTUAL_USER), "a2.resources")
    assert label
    assert (label.id, label.name) == ("a2.resources", "POST /login (embedded resources)")


def test_an_unknown_action_has_no_label() -> None:
    labels = action_labels(VIRTUAL_USER)
    assert label_of(labels, "nope") is None
    assert label_of(labels, "nope.resources") is None


def test_a_very_deep_tree_is_walked() -> None:
    node: dict[str, object] = {"@type": "ContainerAction", "id": "leaf"}
    for _ in range(5000):
        node = {"@type": "ContainerAction", "id": "branch", "children": [node]}
    assert "leaf" in action_labels({"id": "vu", "name": "", "children": [node]})
