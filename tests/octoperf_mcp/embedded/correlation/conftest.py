"""Recorded requests and rules in a line each."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from octoperf_mcp.embedded.correlation.apply import Applied, apply_rules

Json = dict[str, Any]


class Recording:
    """A virtual user under construction; requests are played in the order of `add`."""

    def __init__(self) -> None:
        self.requests: list[Json] = []
        self.bodies: dict[str, bytes] = {}

    def add(
        self,
        action_id: str,
        answer: str = "",
        *,
        answered: dict[str, str] | None = None,
        content_type: str = "text/html",
        **fields: Any,
    ) -> "Recording":
        key = hashlib.sha256(answer.encode()).hexdigest()
        self.bodies[key] = answer.encode()
        self.requests.append(
            {
                "@type": "HttpRequestAction",
                "id": action_id,
                "name": f"/{action_id}",
                "enabled": True,
                "method": "GET",
                "path": f"/{action_id}",
                "parameters": [],
                "headers": [],
                "postData": None,
                "recordedResponse": {
                    "status": 200,
                    "statusText": "OK",
                    "headers": [{"name": k, "value": v} for k, v in (answered or {}).items()],
                    "contentType": content_type,
                    "bodyRef": key if answer else None,
                },
                "children": [],
            }
            | fields
        )
        return self

    @property
    def virtual_user(self) -> Json:
        container = {"@type": "ContainerAction", "enabled": True, "children": self.requests}
        return {"@type": "VirtualUser", "id": "vu", "children": [container]}

    def apply(self, *rules: Json) -> Applied:
        return apply_rules(self.virtual_user, list(rules), self.bodies.get)


@pytest.fixture
def recording() -> Recording:
    return Recording()


def _rule(
    *injections: str | Json, regexp: str = r'token="([^"]+)"', name: str = "token", **extractor: Any
) -> Json:
    """A rule whose injections are short (`HeaderValue`, `PostParamValue`, …) or whole."""
    return {
        "name": name,
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
            "extractFrom": "BODY",
            "defaultValue": "",
        }
        | extractor,
        "injectionRules": [
            {"@type": f"{one}InjectionRule", "enabled": True} if isinstance(one, str) else one
            for one in injections
        ],
    }


@pytest.fixture
def rule() -> Callable[..., Json]:
    return _rule
