"""The presets: each rule finds its value in what such servers answer."""

import html
import re
from typing import Any

import pytest

from octoperf_mcp.embedded.correlation.extraction import Search
from octoperf_mcp.embedded.correlation.frameworks import FRAMEWORKS, rule_shape
from octoperf_mcp.embedded.engine.wire.exchange import Exchange
from octoperf_mcp.entities.check import check

NAMES = {
    "SAML": (
        "SAMLRequest SAMLResponse Signature SignatureValue DigestValue X509Certificate AssertionID "
        "nameid-format IssueInstant NotBefore NotOnOrAfter AuthenticationInstant correlationId ctx "
        "wctx objectIdentifier tenantId puuid name authnmethodsreferences"
    ),
    "OAuth": ("oauth_token oauth_token1 oauth_state oauth_state1 oauth_timestamp oauth_timestamp1"),
    "Token": "x-csrf-token csrfToken csrfToken1 csrfToken2 token authtoken authtoken1 pk ReturnURL",
    ".NET": (
        "__VIEWSTATE __VIEWSTATEGENERATOR __EVENTVALIDATION __PREVIOUSPAGE __REQUESTID "
        "__RequestVerificationToken __VIEWSTATE1 __EVENTVALIDATION1"
    ),
    "Java": "sessionId",
    "AzureAD": (
        "Azure_canary Azure_ctx Azure_sFT Azure_sessionId Azure_state Azure_state1 Azure_state2 "
        "Azure_token Azure_client_id Azure_code Azure_code_challenge Azure_nonce "
        "Azure_session_state"
    ),
}
RULES = {rule["name"]: rule for framework in FRAMEWORKS.values() for rule in framework.rules}


def hidden(name: str) -> str:
    return f'<form><input type="hidden" id="x" name="{name}" value="V-1/+=" /></form>'


def claim(name: str) -> str:
    return html.escape(
        f'<saml:Attribute Name="http://schemas.test/claims/{name}">'
        "<saml:AttributeValue>V-1/+=</saml:AttributeValue></saml:Attribute>"
    )


def xml(text: str) -> str:
    return f'<input name="wresult" value="{html.escape(text)}">'


PAGES = {
    **{name: hidden(name) for name in ("SAMLRequest", "SAMLResponse", "wctx", "pk")},
    **{name: hidden(name) for name in NAMES[".NET"].split() if not name.endswith("1")},
    **{
        name: xml(f"<ds:{name}>V-1/+=</ds:{name}>")
        for name in ("SignatureValue", "DigestValue", "X509Certificate")
    },
    **{
        name: xml(f'<saml:Conditions {name}="V-1/+=">')
        for name in ("IssueInstant", "NotBefore", "NotOnOrAfter")
    },
    "AssertionID": xml('<saml:Assertion Version="2.0" ID="V-1/+=">'),
    "nameid-format": xml('<saml:NameID Format="V-1/+=">ann</saml:NameID>'),
    "AuthenticationInstant": xml('<saml:AuthnStatement AuthnInstant="V-1/+=">'),
    "correlationId": '{"correlationId":"V-1/+="}',
    "ctx": '<a href="/login?a=1&amp;ctx=V-1/+=&amp;b=2">',
    "objectIdentifier": claim("objectidentifier"),
    "tenantId": claim("tenantid"),
    "puuid": claim("puid"),
    "name": claim("name"),
    "authnmethodsreferences": claim("authnmethodsreferences"),
    "oauth_token": "oauth_token=V-1/+=&oauth_token_secret=x",
    "oauth_state": '<a href="https://as.test/?x=1&state=V-1/+=">',
    "oauth_timestamp": "a=1&oauth_timestamp=V-1/+=",
    "csrfToken": '<meta name="csrf-token" content="V-1/+=" />',
    "csrfToken1": hidden("authenticity_token"),
    "csrfToken2": '{"csrfToken": "V-1/+="}',
    "token": '{"user":1,"token" : "V-1/+="}',
    "authtoken": '{"authToken":"V-1/+="}',
    "__VIEWSTATE1": "0|hiddenField|__EVENTTARGET||8|hiddenField|__VIEWSTATE|V-1/+=|",
    "__EVENTVALIDATION1": "8|hiddenField|__EVENTVALIDATION|V-1/+=|",
    "sessionId": '<a href="/cart;jsessionid=V-1?x=1">',
    "Azure_canary": '$Config={"canary":"V-1/+=","b":1}',
    "Azure_ctx": '{"sCtx":"V-1/+="}',
    "Azure_sFT": '{"sFT":"V-1/+="}',
    "Azure_sessionId": '{"sessionId":"V-1/+="}',
    "Azure_state": hidden("state"),
    "Azure_state2": '<a href="/?a=1&amp;state=V-1/+=&amp;b=2">',
    "Azure_token": '{"id_token":"V-1/+="}',
    "Azure_code": hidden("code"),
    "Azure_session_state": hidden("session_state"),
}
LOCATIONS = {
    "Signature": "Signature",
    "oauth_token1": "oauth_token",
    "oauth_state1": "state",
    "oauth_timestamp1": "oauth_timestamp",
    "ReturnURL": "ReturnUrl",
    "Azure_state1": "state",
    "Azure_client_id": "client_id",
    "Azure_code_challenge": "code_challenge",
    "Azure_nonce": "nonce",
}
HEADERS = {
    **{
        name: [("location", f"https://as.test/go?a=1&{parameter}=V-1/+=&z=2")]
        for name, parameter in LOCATIONS.items()
    },
    "x-csrf-token": [("X-CSRF-Token", "V-1/+=")],
    "authtoken1": [("Authorization", "Bearer V-1/+=")],
}


def answer(name: str) -> Exchange:
    return Exchange(
        method="GET",
        url="https://shop.test/",
        sent_headers=[],
        sent_body=b"",
        started_ms=0,
        status=200,
        reason="OK",
        headers=[("Content-Type", "text/html"), *HEADERS.get(name, [])],
        _text=PAGES.get(name, ""),
    )


def test_the_presets_have_the_names_that_are_public() -> None:
    found = {
        framework.name: [rule["name"] for rule in framework.rules]
        for framework in FRAMEWORKS.values()
    }
    assert found == {name: names.split() for name, names in NAMES.items()}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_finds_its_value_in_a_typical_answer(name: str) -> None:
    values, _ = Search(RULES[name]).matches(answer(name))
    assert values == ["V-1" if name == "sessionId" else "V-1/+="]


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule["name"])
def test_a_rule_is_valid_has_one_group_and_a_usable_variable(rule: dict[str, Any]) -> None:
    check("correlation_rule", {**rule, "projectId": "p1"})
    assert re.compile(rule["extractor"]["regexp"]).groups == 1
    assert not rule["extractor"]["variable"].startswith("_")
    assert rule["injectionRules"]


def test_rules_are_compared_by_what_they_do() -> None:
    rule = next(iter(RULES.values()))
    stored = {**rule, "id": "r1", "userId": "u", "projectId": "p", "lastModified": 1}
    assert rule_shape(stored) == rule_shape(rule)
    assert rule_shape({**rule, "enabled": False}) != rule_shape(rule)
