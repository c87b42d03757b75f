"""What plugins had that an operator turned off while servers run is still known by name."""

import pytest

from octoperf_mcp import ActionType, Importer, ToolContext, payload, tool
from octoperf_mcp.config import PluginsSettings, ToolsSettings
from octoperf_mcp.entities.switches import Switches
from octoperf_mcp.registry.switched import composed
from tests.octoperf_mcp.registry.third_party import installed, module_of


@payload
class Said:
    """What was said."""

    url: str


@tool(title="Say", read_only=True)
async def acme_say(ctx: ToolContext) -> Said:
    """Say it."""
    return Said(url=ctx.caller.subject)


def test_what_an_approved_plugin_had_tells_whose_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_of(
        acme_say,
        register_action_types=lambda: [ActionType("AcmeSayAction", "Says.", "acme:say")],
        register_importers=lambda: [Importer("acme", "acme:read")],
    )
    approved, switched_off = (
        PluginsSettings(enable=("acme",)),
        Switches().turned("plugin", "acme", on=False),
    )
    with installed(monkeypatch, acme=module):
        on = composed(approved, ToolsSettings())
        off = composed(approved, ToolsSettings(), switched_off)
        never = composed(PluginsSettings(), ToolsSettings())
    assert "acme_say" in on.tools
    assert off.why_off("acme_say").startswith("is a tool of the area acme, which the operator")
    assert off.added_types.off()["AcmeSayAction"] == "acme"
    assert off.additions_off()[("import", "acme")] == "acme"
    assert never.why_off("acme_say") == ""
    assert "AcmeSayAction" not in never.added_types.off()
