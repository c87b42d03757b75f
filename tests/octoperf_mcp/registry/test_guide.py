"""The public texts as a server serves them."""

from collections.abc import Iterable

import pytest

from octoperf_mcp import PublicAsset, RestCall, Tool, ToolContext, hookimpl, payload, tool
from octoperf_mcp.registry.client_setups import setups
from octoperf_mcp.registry.guide import called_tools, published
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import Registry

ORIGIN = "https://mcp.acme.test"
REST = "https://api.acme.test"


@payload
class Lit:
    url: str


@tool(title="Light a lamp", destructive=True, needs=[RestCall("PUT", "/lamp", optional=True)])
async def light_lamp(ctx: ToolContext) -> Lit:
    """Light the lamp | or not.

    It stays lit.
    """
    return Lit(url="")


class Lamps:
    __name__ = "lamp_shop"

    @hookimpl
    def register_tools(self) -> Iterable[Tool]:
        return (light_lamp,)

    @hookimpl
    def register_public_assets(self) -> Iterable[PublicAsset]:
        markdown = "text/markdown; charset=utf-8"
        return (
            PublicAsset("skills/lamps.md", markdown, b"`light_lamp()` at {{origin}}"),
            PublicAsset("skills/dark.md", markdown, b"`put_out_lamp()`"),
            PublicAsset("lamp.bin", "application/octet-stream", b"\xff{{origin}}"),
        )


def text(registry: Registry, path: str = "AGENTS.md") -> str:
    return registry.public_assets[path].content.decode()


def test_the_guide_lists_exactly_the_tools_that_are_there() -> None:
    registry = load_registry()
    guide = text(published(registry, ORIGIN, REST))
    tables = guide.partition("## Tools")[2].partition("## Workflows")[0]
    rows = [line.split("|")[1].strip(" `") for line in tables.splitlines() if "| `" in line]
    assert sorted(rows) == sorted(registry.tools)
    assert "| `run_scenario` | Start a real load test." in tables
    assert tables.count("**ask first**") == sum(
        tool.definition["annotations"]["destructiveHint"] for tool in registry.tools.values()
    )


def test_a_disabled_area_is_absent_with_its_skills_and_others_stay() -> None:
    served = published(load_registry(disable=["bench"]), ORIGIN, REST)
    assert "### Run load" not in text(served)
    assert "### Read reports" in text(served)
    assert "skills/scenario-diagnosis.md" not in served.public_assets
    assert "skills/scenario-diagnosis.md" not in text(served)
    assert "skills/scenario-diagnosis.md" not in text(served, "llms.txt")
    assert "schema/vu.json" in served.public_assets


def test_tools_and_files_of_a_third_party_appear() -> None:
    served = published(load_registry(extra=[Lamps()]), ORIGIN, REST)
    assert "### Lamp shop" in text(served)
    row = "| `light_lamp` | Light the lamp \\| or not. Only where the platform offers it. | **ask"
    assert row in text(served)
    assert text(served, "skills/lamps.md") == f"`light_lamp()` at {ORIGIN}"
    assert "skills/dark.md" not in served.public_assets
    assert served.public_assets["lamp.bin"].content == b"\xff{{origin}}"


@pytest.mark.parametrize("path", ["AGENTS.md", "llms.txt"])
def test_addresses_are_those_of_this_server_and_no_mark_is_left(path: str) -> None:
    served = text(published(load_registry(), ORIGIN, REST), path)
    assert f"{ORIGIN}/mcp" in served
    assert "{{" not in served
    assert "<!--" not in served


def test_the_page_for_clients_has_the_address_of_this_server() -> None:
    page = text(published(load_registry(), ORIGIN, REST), "connect.md")
    assert f"claude mcp add --transport http octoperf {ORIGIN}/mcp" in page
    assert f"octoperf-mcp bundle claude-code --url {ORIGIN}/mcp" in page
    for setup in setups("").values():
        section = page.partition(f"\n## {setup.title}\n")[2].partition("\n## ")[0]
        for word in ("**Sign in**", "**Check**", "**Remove**", setup.reference):
            assert word in section, setup.title
    local = text(published(load_registry(), "http://127.0.0.1:1", REST), "connect.md")
    assert "cannot reach it" not in page.splitlines()[2]
    assert "cannot reach it" in local.splitlines()[2]


def test_the_guide_tells_which_host_a_sandbox_must_reach() -> None:
    guide = text(published(load_registry(), ORIGIN, REST))
    assert "must have `api.acme.test` in the list of domains" in guide
    tickets = guide.partition("conversation:\n")[2].partition(". The address")[0]
    named = {name.strip("`") for name in tickets.split(", ")}
    assert named >= {
        "download_bench_result_file",
        "import_har_virtual_user",
        "upload_project_file",
    }
    assert named.isdisjoint({"list_project_files", "list_virtual_users"})


def test_texts_of_a_third_party_are_listed_with_what_they_say_of_themselves() -> None:
    front = b"---\nname: gas\ndescription: When to light gas. And more.\n---\n# Gas lamps\n"
    markdown = "text/markdown; charset=utf-8"

    class Texts:
        __name__ = "gas_shop"

        @hookimpl
        def register_public_assets(self) -> Iterable[PublicAsset]:
            return (
                PublicAsset("skills/gas.md", markdown, front),
                PublicAsset("skills/oil.md", markdown, b"# Oil lamps"),
                PublicAsset("skills/wax.md", markdown, b"no heading"),
            )

    found = published(load_registry(extra=[Texts()]), ORIGIN, REST)
    assert found.public_assets["skills/gas.md"].title == "Gas lamps"
    guide = found.public_assets["AGENTS.md"].content.decode()
    assert f"- [gas]({ORIGIN}/mcp/public/skills/gas.md): When to light gas.\n" in guide
    assert f"- [oil]({ORIGIN}/mcp/public/skills/oil.md): Oil lamps.\n" in guide
    assert f"- [wax]({ORIGIN}/mcp/public/skills/wax.md)\n" in guide


def test_calls_are_found_in_code_only() -> None:
    assert called_tools("a_b() `c_d(x)`\n```\ne_f(y)\n```\n`g_h`") == {"c_d", "e_f"}
