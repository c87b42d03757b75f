"""What `plugins check` says of the REST calls of a third party."""

from dataclasses import dataclass

import pytest

from octoperf_mcp import BaseAddress, ConfigSection, RestCall, Tool, ToolContext, described, payload
from octoperf_mcp import tool as made_tool
from octoperf_mcp.kit.contract import report
from octoperf_mcp.registry.manager import load_registry
from tests.octoperf_mcp.registry.third_party import installed, module_of

KNOWN = RestCall("GET", "/workspaces/member-of", answer="Workspace[]")
UNKNOWN = RestCall("GET", "/acme/{id}", answer="Acme")
OPTIONAL = RestCall("GET", "/acme/{id}", answer="Acme", optional=True)
OUTSIDE = RestCall("POST", "/say", body="json", base=BaseAddress("chat", setting="url"))
FIXED = RestCall("GET", "/x", base=BaseAddress("api", url="https://api.acme.example"))


@payload
class Answer:
    """An answer."""

    url: str


@dataclass(frozen=True)
class AcmeSettings:
    """Where to talk."""

    url: str = described("Address.", "")


def acme(*needs: RestCall) -> Tool:
    async def acme_do(ctx: ToolContext) -> Answer:
        """Do it."""
        return Answer(url=ctx.caller.subject)

    return made_tool(title="Do", read_only=True, needs=needs)(acme_do)


@pytest.mark.parametrize(
    ("calls", "needs", "problem"),
    [
        ([KNOWN], [], ""),
        ([UNKNOWN], [], "an upstream may lack it"),
        ([OPTIONAL], [], "no tool names it in `needs`"),
        ([OPTIONAL], [OPTIONAL], ""),
        ([], [OPTIONAL], "which the plugin does not register"),
        ([OUTSIDE, FIXED], [OUTSIDE], ""),
        ([OUTSIDE, FIXED], [], ""),
    ],
)
def test_each_call_is_built_in_needed_or_of_an_own_base_address(
    monkeypatch: pytest.MonkeyPatch, calls: list[RestCall], needs: list[RestCall], problem: str
) -> None:
    module = module_of(
        acme(*needs),
        register_rest_calls=lambda: calls,
        register_config=lambda: [ConfigSection("acme", AcmeSettings)],
    )
    with installed(monkeypatch, acme=module):
        told = report(load_registry(enable=["acme"]), "acme")
    assert len(told.problems) == bool(problem), told.problems
    assert not problem or problem in told.problems[0]
    if OUTSIDE in calls:
        assert told.rest_calls == [
            "GET api:/x at https://api.acme.example",
            "POST chat:/say at the address in url",
        ]
