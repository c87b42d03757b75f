"""Documents as the platform stores them."""

from typing import Any

import pytest

from tests.plugins.octoperf_bench.agents import agent, script, target

__all__ = ["agent", "script", "target"]


def request(id_: str, path: str, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "@type": "HttpRequestAction",
        "id": id_,
        "name": path,
        "enabled": True,
        "serverId": "s1",
        "method": "GET",
        "path": path,
        "parameters": [],
        "headers": [{"name": "Accept", "value": "text/html"}],
        "postData": None,
        "children": list(children),
        **more,
    }


def container(id_: str, name: str, *children: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "ContainerAction",
        "id": id_,
        "name": name,
        "enabled": True,
        "children": list(children),
    }


@pytest.fixture
def document() -> dict[str, Any]:
    """A virtual user with two steps, and with a property that no schema names."""
    extractor = {
        "@type": "RegexpVariableExtractor",
        "id": "a-csrf",
        "name": "csrf",
        "enabled": True,
        "variable": "csrf",
        "regexp": 'name="csrf" value="([^"]+)"',
    }
    return {
        "@type": "VirtualUser",
        "id": "v1",
        "userId": "u1",
        "projectId": "p1",
        "name": "Checkout",
        "description": "",
        "type": "JMETER",
        "tags": ["smoke"],
        "created": 1767225600000,
        "lastModified": 1767225600000,
        "futureSetting": {"kept": None},
        "children": [
            container("a-home", "Home", request("a-get", "/login", extractor)),
            container("a-buy", "Buy", request("a-cart", "/cart"), request("a-pay", "/pay")),
        ],
    }
