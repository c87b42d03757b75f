"""Each rule of a preset finds its value in a typical answer."""

import re
from typing import Any

import pytest

from octoperf_frameworks import register_correlation_frameworks
from octoperf_mcp.cli.main import run
from octoperf_mcp.embedded.correlation.extraction import Search
from octoperf_mcp.embedded.correlation.frameworks import FRAMEWORKS
from octoperf_mcp.embedded.engine.wire.exchange import Exchange
from octoperf_mcp.entities.check import check
from octoperf_mcp.entities.extensions import PLATFORM_FRAMEWORKS

RULES = {rule["name"]: rule for one in register_correlation_frameworks() for rule in one.rules}
LOGIN = "https://sso.test/realms/shop/login-actions/authenticate"


def hidden(name: str) -> str:
    return f'<input type="hidden" name="{name}" id="j_1:{name}:0" value="V-1:2" />'


def update(name: str) -> str:
    return f'<changes><update id="j_id1:{name}:0"><![CDATA[V-1:2]]></update></changes>'


def form(parameter: str) -> str:
    return f'<form action="{LOGIN}?client_id=shop&amp;{parameter}=V-1:2&amp;x=1" method="post">'


PAGES = {
    "facesViewState": hidden("javax.faces.ViewState"),
    "facesViewState1": update("jakarta.faces.ViewState"),
    "facesClientWindow": hidden("jakarta.faces.ClientWindow"),
    "facesClientWindow1": update("javax.faces.ClientWindow"),
    "keycloakSessionCode": form("session_code"),
    "keycloakExecution": form("execution"),
    "keycloakTabId": form("tab_id"),
    **{
        f"visualforce{part}": hidden(f"com.salesforce.visualforce.{part}")
        for part in ("ViewState", "ViewStateVersion", "ViewStateMAC", "ViewStateCSRF")
    },
}
LOCATIONS = {
    "keycloakState": "https://sso.test/auth?client_id=shop&state=V-1:2&nonce=n",
    "keycloakNonce": "https://sso.test/auth?state=s&nonce=V-1:2",
    "keycloakSessionState": "https://shop.test/back?state=s&session_state=V-1:2&code=c",
    "keycloakCode": "https://shop.test/back?session_state=s&code=V-1:2",
}


def answer(name: str) -> Exchange:
    location = [("Location", LOCATIONS[name])] if name in LOCATIONS else []
    return Exchange(
        method="GET",
        url="https://shop.test/",
        sent_headers=[],
        sent_body=b"",
        started_ms=0,
        status=200,
        reason="OK",
        headers=[("Content-Type", "text/html"), *location],
        _text=PAGES.get(name, ""),
    )


@pytest.mark.parametrize("name", RULES)
def test_a_rule_finds_its_value_in_a_typical_answer(name: str) -> None:
    values, _ = Search(RULES[name]).matches(answer(name))
    assert values == ["V-1:2"]


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule["name"])
def test_a_rule_is_valid_and_has_one_group(rule: dict[str, Any]) -> None:
    check("correlation_rule", {**rule, "projectId": "p1"})
    assert re.compile(rule["extractor"]["regexp"]).groups == 1
    assert rule["injectionRules"]


def test_the_ids_that_plugins_cannot_take_are_those_of_the_platform() -> None:
    assert FRAMEWORKS.keys() == PLATFORM_FRAMEWORKS


def test_the_list_of_plugins_says_what_those_without_tools_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["plugins", "list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines["frameworks"].endswith("correlation frameworks")
    assert lines["notifications"].endswith("config, notifiers")
    assert lines["edit"].endswith(" tools")
