"""Names of rows, as people read them on a page."""

import pytest

from octoperf_mcp.embedded.ui.drawn import action_of
from octoperf_mcp.entities.steps import step_id


@pytest.mark.parametrize(
    ("action_id", "name", "shown"),
    [
        ("a1", "home", "home"),
        ("a1", "", "a1"),
        ("a1.resources", "home.resources", "Resources of home"),
        ("a1.resources", "", "Resources of a1"),
        (step_id("s1", "NAVIGATION", "load"), "shop / load", "shop / page loaded"),
        (step_id("s1", "NAVIGATION", "domcontentloaded"), "", "s1 / page readable"),
        (step_id("s1", "NETWORK", "shop.test"), "shop / shop.test", "shop / requests to shop.test"),
        (step_id("s1", "ACTION", "page.click('a')"), "", "s1 / page.click('a')"),
        (step_id("s1", "GROUP", "load"), "shop / load", "shop / load"),
        ("a{b", "odd", "odd"),
    ],
)
def test_a_row_is_named_for_people(action_id: str, name: str, shown: str) -> None:
    row = {"actionId": action_id, **({"actionName": name} if name else {})}
    assert action_of(row) == shown
