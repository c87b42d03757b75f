"""HTTP authorizations of a plan, which belong to servers on the platform."""

from collections.abc import Mapping, Sequence
from typing import Any

from octoperf_mcp.embedded.importers.addresses import Address, address_of
from octoperf_mcp.embedded.importers.jmx.known import Known
from octoperf_mcp.embedded.importers.jmx.ledger import Ledger
from octoperf_mcp.embedded.importers.jmx.plan import Element

Json = dict[str, Any]

_DIGEST = "digest credentials answer a challenge, but are first offered as basic ones"


def authorize(element: Element, servers: Sequence[Json], known: Known, ledger: Ledger) -> None:
    """Give the credentials of an `AuthManager` to the servers that they are for."""
    if not element.enabled:
        ledger.drop(element, "disabled in the plan")
        return
    ledger.carry(element)
    for row in element.items("AuthManager.auth_list"):
        if isinstance(row, dict):
            _give(row, element, servers, known, ledger)


def _give(
    row: Mapping[str, Any],
    element: Element,
    servers: Sequence[Json],
    known: Known,
    ledger: Ledger,
) -> None:
    mechanism = _text(row, "Authorization.mechanism")
    if mechanism == "KERBEROS":
        ledger.change(element, "Kerberos credentials are left out")
        return
    if mechanism == "DIGEST":
        ledger.change(element, _DIGEST)
    url = known.resolved(_text(row, "Authorization.url"))
    address = address_of(url) if url else None
    given = False
    for server in servers:
        if url and not (isinstance(address, Address) and _is_of(server, address)):
            continue
        base = address.path if isinstance(address, Address) else "/"
        server["authorizations"].append(_authorization(row, base, known))
        given = True
    if not given:
        ledger.change(element, f"no request goes to {url[:200]}: its credentials are left out")


def _is_of(server: Json, address: Address) -> bool:
    place = (server["protocol"], server["hostname"], server["port"])
    return place == (address.protocol, address.host, address.port)


def _authorization(row: Mapping[str, Any], base: str, known: Known) -> Json:
    domain = _text(row, "Authorization.domain")
    made = {
        "basePath": base,
        "username": known.resolved(_text(row, "Authorization.username")),
        "password": {
            "type": "PLAIN",
            "value": known.resolved(_text(row, "Authorization.password")),
        },
        "realm": _text(row, "Authorization.realm"),
    }
    if domain:
        return {"@type": "NtlmAuthorization", **made, "domain": domain}
    return {"@type": "BasicAuthorization", **made}


def _text(properties: Mapping[str, Any], name: str) -> str:
    value = properties.get(name)
    return value if isinstance(value, str) else ""
