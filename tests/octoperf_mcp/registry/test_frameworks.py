"""A preset of a third party that could not work disables its plugin, with the reason."""

from collections.abc import Callable
from typing import Any

import pytest

from octoperf_mcp import CorrelationFramework
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import PluginInfo
from tests.octoperf_mcp.registry.third_party import installed, module_of
from tests.octoperf_mcp.test_hookspecs import example

RULE: dict[str, Any] = example("register_correlation_frameworks").ORDER
"""The one in the documentation."""


def loaded(monkeypatch: pytest.MonkeyPatch, register: Callable[[], Any]) -> PluginInfo:
    module = module_of(register_correlation_frameworks=register)
    with installed(monkeypatch, acme=module):
        registry = load_registry(enable=["acme"])
    (found,) = (one for one in registry.plugins if one.name == "acme")
    ids = {one.value.id for one in registry.frameworks}
    assert "keycloak" in ids
    assert ("acme" in ids) is (found.state == "enabled")
    return found


def test_a_preset_of_a_third_party_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    found = loaded(monkeypatch, lambda: [CorrelationFramework("acme", "Acme", "", (RULE,))])
    assert (found.state, found.hooks) == ("enabled", ("register_correlation_frameworks",))


@pytest.mark.parametrize(
    ("register", "reason"),
    [
        (lambda: [CorrelationFramework("java", "J", "", (RULE,))], "'java' is registered twice"),
        (lambda: [CorrelationFramework("keycloak", "K", "", (RULE,))], "registered twice"),
        (lambda: [CorrelationFramework("Acme!", "A", "", (RULE,))], "'Acme!' is no id"),
        (lambda: [CorrelationFramework("acme", "A", "", ())], "'acme' has no rules"),
        (
            lambda: [CorrelationFramework("acme", "A", "", ({**RULE, "extractor": {}},))],
            "a rule of the framework 'acme': invalid at /extractor",
        ),
        (lambda: [{"id": "acme"}], "must return CorrelationFramework, not dict"),
    ],
)
def test_what_could_not_work_disables_the_plugin(
    monkeypatch: pytest.MonkeyPatch, register: Callable[[], Any], reason: str
) -> None:
    found = loaded(monkeypatch, register)
    assert found.state == "broken"
    assert reason in found.reason
