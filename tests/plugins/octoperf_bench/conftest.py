"""A project with two virtual users, a provider, a scenario and a run."""

from collections.abc import Iterator
from typing import Any

import pytest

from octoperf_bench.runs import MEMORY
from tests.plugins.octoperf_bench.agents import agent, script, target

__all__ = ["agent", "script", "target"]

PROVIDER = {
    "id": "prov1",
    "name": "This machine",
    "type": "PRIVATE",
    "driver": "ON_PREMISE",
    "regions": {"paris": {}, "local": {}},
}
SCENARIO = {
    "id": "sc1",
    "userId": "u1",
    "projectId": "p1",
    "name": "Checkout",
    "description": "",
    "mode": "STANDARD",
    "tags": ["nightly"],
    "created": 1000,
    "lastModified": 2000,
    "userProfiles": [
        {
            "name": "Shopper",
            "virtualUserId": "vu1",
            "providerId": "prov1",
            "location": "local",
            "memory": {"vuMb": None},
            "load": {
                "@type": "UserProfileLoadRampUp",
                "delayMs": 10_000,
                "rampUpMs": 60_000,
                "plateauMs": 530_000,
                "plateauVus": 20,
            },
            "engine": {"@type": "JmeterUserProfileEngine"},
        }
    ],
}


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    MEMORY.clear()
    yield
    MEMORY.clear()


@pytest.fixture
def scenario() -> dict[str, Any]:
    return SCENARIO


@pytest.fixture
def project() -> dict[str, Any]:
    """Answers of a project that can be loaded."""
    return {
        "GET /workspaces/docker-providers/by-workspace/w1": [PROVIDER],
        "GET /workspaces/docker-providers/public?workspaceId=w1": [
            {"id": "cloud", "name": "Cloud", "regions": {"eu-west-1": {}}}
        ],
        "GET /design/virtual-users/description/by-project/p1": [
            {"id": "vu1", "name": "Shopper", "type": "JMETER"},
            {"id": "vu2", "name": "Probe", "type": "PLAYWRIGHT"},
            {"id": "frag", "name": "Login", "type": "FRAGMENTS"},
            {"id": "old", "name": "Older"},
        ],
        "GET /design/virtual-users/old": {"id": "old", "name": "Older", "type": "WEB_DRIVER"},
        "POST /runtime/scenarios": lambda body: {**body, "id": "sc9", "created": 5},
    }


@pytest.fixture
def run() -> dict[str, Any]:
    """A run in the middle of ten minutes."""
    return {
        "id": "res1",
        "batchId": "b1",
        "scenarioId": "sc1",
        "designProjectId": "p1",
        "resultProjectId": "rp1",
        "name": "Checkout",
        "state": "RUNNING",
        "created": 1000,
        "lastModified": 2000,
        "tags": ["nightly"],
        "userLoad": 20,
        "durationMs": 600_000,
        "benchReportId": "rep1",
    }
