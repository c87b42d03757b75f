"""The realm that `deploy/identity` ships, beside what the server says; `keycloak_trial.py` runs it."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from octoperf_mcp.auth.scopes import OFFLINE, OPERATION_SCOPES
from octoperf_mcp.registry.client_setups import setups
from tests.identity.keycloak import REALM

POLICIES = "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy"


@pytest.fixture(scope="module")
def realm() -> dict[str, Any]:
    return dict(json.loads(REALM.read_text("utf-8")))


def policy(realm: dict[str, Any], provider: str) -> dict[str, list[str]]:
    (found,) = [each for each in realm["components"][POLICIES] if each["providerId"] == provider]
    return dict(found["config"])


def test_agents_may_ask_for_what_the_server_asks_them_to(realm: dict[str, Any]) -> None:
    wanted = {*OPERATION_SCOPES, OFFLINE}
    assert wanted == set(realm["defaultOptionalClientScopes"])
    assert wanted == set(policy(realm, "allowed-client-templates")["allowed-client-scopes"])
    assert wanted < {scope["name"] for scope in realm["clientScopes"]}


@pytest.mark.parametrize("name", OPERATION_SCOPES)
def test_each_scope_brings_both_audiences(realm: dict[str, Any], name: str) -> None:
    (scope,) = [each for each in realm["clientScopes"] if each["name"] == name]
    audiences = {
        mapper["config"]["included.custom.audience"]
        for mapper in scope["protocolMappers"]
        if mapper["config"]["access.token.claim"] == "true"
    }
    assert audiences == {"${MCP_URL}", "${OCTOPERF_URL}"}


def test_every_known_client_may_register_its_redirect_addresses(realm: dict[str, Any]) -> None:
    trusted = set(policy(realm, "trusted-hosts")["trusted-hosts"])
    for setup in setups("https://octoperf.example.com/mcp", "an-id").values():
        assert {urlsplit(address).hostname for address in setup.redirects} <= trusted
