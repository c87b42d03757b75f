"""What `plugins check` says of a third party: its REST calls, and what it adds beside tools."""

from dataclasses import dataclass

import pytest

from octoperf_mcp import (
    ActionType,
    BaseAddress,
    Command,
    ConfigSection,
    Importer,
    PublicAsset,
    RestCall,
    Tool,
    ToolContext,
    described,
    payload,
)
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


def test_what_it_adds_is_listed_and_held_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    skill = b"---\nname: acme-notes\ndescription: Notes.\n---\nCall `acme_do()`, `acme_gone()`."
    module = module_of(
        acme(),
        register_config=lambda: [ConfigSection("acme", AcmeSettings)],
        register_action_types=lambda: [
            ActionType("AcmeSayAction", "Says.", "nowhere_at_all:say"),
            ActionType("AcmeHearAction", "Hears.", "json:dumps"),
        ],
        register_importers=lambda: [Importer("acme", "json:no_such_function")],
        register_commands=lambda: [Command("json.tool", "x", "octoperf-mcp acme", name="acme")],
        register_public_assets=lambda: [
            PublicAsset("skills/acme-notes.md", "text/markdown", skill)
        ],
        register_prompts=lambda: None,
    )
    with installed(monkeypatch, acme=module):
        told = report(load_registry(enable=["acme"]), "acme")
    assert told.adds == [
        "section [acme]",
        "command acme",
        "public file skills/acme-notes.md",
        "import acme",
        "action AcmeSayAction",
        "action AcmeHearAction",
    ]
    assert [problem.partition(" cannot be used")[0] for problem in told.problems] == [
        "register_prompts: it returns nothing; is a `return` missing?",
        "action AcmeSayAction: nowhere_at_all:say",
        "import acme: json:no_such_function",
        "command acme: json.tool:add_arguments",
        "command acme: json.tool:run",
        "skills/acme-notes.md: it is left out, since it calls acme_gone(…), which is no tool",
    ]
