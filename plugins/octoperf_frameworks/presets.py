r"""Presets for Jakarta Faces, Keycloak and Visualforce.

Each group is bounded by the signs that end the value, so that no expression can run away.
"""

import re
from typing import Any

from octoperf_mcp import CorrelationFramework

_IN_ADDRESS = r"""([^&"'<>\s\\]+)"""


def _rule(
    name: str, regexp: str, *targets: tuple[str, str], source: str = "BODY"
) -> dict[str, Any]:
    return {
        "id": "",
        "name": name,
        "description": "",
        "enabled": True,
        "extractor": {
            "@type": "RegexpVariableExtractor",
            "id": "",
            "name": name,
            "enabled": True,
            "variable": name,
            "regexp": regexp,
            "template": "$1$",
            "matchNumber": 1,
            "extractFrom": source,
            "defaultValue": "",
        },
        "injectionRules": [
            {
                "@type": f"{kind}InjectionRule",
                "enabled": True,
                "name": field,
                "replacement": f"${{{name}}}",
                "partial": True,
            }
            for kind, field in targets
        ],
    }


def _hidden(name: str) -> str:
    return f"""<input\\b[^<>]*\\bname=["']{name}["'][^<>]*\\bvalue=["']([^"'<>]+)["']"""


def _faces(name: str, field: str) -> list[dict[str, Any]]:
    """A state field of a page, and of the answer to a partial update."""
    targets = [("PostParamValue", f"{root}.faces.{field}") for root in ("javax", "jakarta")]
    spelled = rf"(?:javax|jakarta)\.faces\.{field}"
    update = rf"<update\b[^<>]*{spelled}[^<>]*><!\[CDATA\[([^\]<>]+)\]"
    return [_rule(name, _hidden(spelled), *targets), _rule(f"{name}1", update, *targets)]


def _in_address(name: str, parameter: str, *, source: str) -> dict[str, Any]:
    regexp = rf"[?&;#]{parameter}={_IN_ADDRESS}"
    return _rule(
        name, regexp, ("QueryParamValue", parameter), ("PostParamValue", parameter), source=source
    )


def _visualforce(part: str) -> dict[str, Any]:
    field = f"com.salesforce.visualforce.{part}"
    return _rule(f"visualforce{part}", _hidden(re.escape(field)), ("PostParamValue", field))


JAKARTA_FACES = CorrelationFramework(
    "jakarta-faces",
    "Jakarta Faces",
    "View state and window of JSF pages (Mojarra, MyFaces, PrimeFaces), javax or jakarta.",
    (*_faces("facesViewState", "ViewState"), *_faces("facesClientWindow", "ClientWindow")),
)
"""Names of the fields: constants of `ResponseStateManager` of Jakarta Faces."""

KEYCLOAK = CorrelationFramework(
    "keycloak",
    "Keycloak",
    "Sign-in at Keycloak with OpenID Connect: its log-in form, and the redirects around it.",
    (
        _in_address("keycloakSessionCode", "session_code", source="BODY"),
        _in_address("keycloakExecution", "execution", source="BODY"),
        _in_address("keycloakTabId", "tab_id", source="BODY"),
        _in_address("keycloakState", "state", source="HEADERS"),
        _in_address("keycloakNonce", "nonce", source="HEADERS"),
        _in_address("keycloakSessionState", "session_state", source="HEADERS"),
        _in_address("keycloakCode", "code", source="HEADERS"),
    ),
)
"""Parameters of the form's address and of the redirects, as Keycloak's log-in pages have them."""

VISUALFORCE = CorrelationFramework(
    "visualforce",
    "Visualforce",
    "The four hidden fields that keep the state of Salesforce Visualforce pages.",
    tuple(map(_visualforce, ("ViewState", "ViewStateVersion", "ViewStateMAC", "ViewStateCSRF"))),
)
