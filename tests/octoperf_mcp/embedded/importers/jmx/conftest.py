"""Test plans: two written as JMeter 2.13 and 5.6 save them, and a writer of small ones."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.embedded.importers.jmx.options import JmxOptions
from octoperf_mcp.embedded.importers.jmx.plan import read_plan
from octoperf_mcp.embedded.importers.jmx.plans import import_jmx
from octoperf_mcp.entities.check import check
from octoperf_mcp.entities.imported import Imported
from octoperf_mcp.entities.trees import walk

Json = dict[str, Any]
PLANS = Path(__file__).parent / "plans"


def _imported(data: bytes, options: JmxOptions | None = None) -> Imported:
    """Import, and check what must hold of every import of a plan."""
    result = import_jmx(io.BytesIO(data), options)
    elements = [one for top in read_plan(io.BytesIO(data)) for one in top.walk()]
    assert len(elements) == result.carried + len(result.dropped) + len(result.generic)
    servers = {server["id"] for server in result.servers}
    for made in result.virtual_users:
        check("virtual_user", {**made, "projectId": "p"})
        for _, action in walk(made["children"]):
            assert action.get("serverId", "") in {"", *servers}
    for server in result.servers:
        check("http_server", {**server, "projectId": "p"})
    for variable in result.variables:
        check("variable", {**variable, "projectId": "p"})
    return result


def _plan(body: str) -> bytes:
    """A plan with one thread group, `Users`; `body` stands below it."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><jmeterTestPlan version="1.2"><hashTree>'
        '<TestPlan testclass="TestPlan" testname="Plan"/><hashTree>'
        '<ThreadGroup testclass="ThreadGroup" testname="Users"/><hashTree>'
        f"{body}</hashTree></hashTree></hashTree></jmeterTestPlan>"
    ).encode()


def _element(kind: str, name: str = "", below: str = "", **properties: str) -> str:
    """One element; names of properties are written with two underscores for the dot."""
    props = "".join(
        f'<stringProp name="{key.replace("__", ".")}">{value}</stringProp>'
        for key, value in properties.items()
    )
    return (
        f'<{kind} testclass="{kind}" testname="{name or kind}">{props}</{kind}>'
        f"<hashTree>{below}</hashTree>"
    )


@pytest.fixture
def saved() -> Callable[[str], bytes]:
    """The bytes of a plan by name."""
    return lambda name: (PLANS / name).read_bytes()


@pytest.fixture
def imported() -> Callable[..., Imported]:
    return _imported


@pytest.fixture
def plan() -> Callable[[str], bytes]:
    return _plan


@pytest.fixture
def element() -> Callable[..., str]:
    return _element
