"""Whatever is off, no text names it without saying so."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import orjson
import pytest

from octoperf_mcp.config import PluginsSettings, ToolsSettings
from octoperf_mcp.errors import ToolError
from octoperf_mcp.protocol.identity import instructions, server_info
from octoperf_mcp.protocol.surfaces import FULL, Surface
from octoperf_mcp.protocol.views import Views
from octoperf_mcp.registry.assets import Prompt
from octoperf_mcp.registry.content import Content, text_block
from octoperf_mcp.registry.guide import published
from octoperf_mcp.registry.manager import OFF_BY_DEFAULT, load_registry
from octoperf_mcp.registry.marking import MARK, Marks, marked
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.switched import composed

ORIGIN = "https://mcp.acme.test"
AREAS = sorted({*load_registry().owners.values()})
EVERYTHING = ("conformance", "curl")


@cache
def tools_of(area: str) -> frozenset[str]:
    registry = load_registry(enable=EVERYTHING)
    names = {name for name, owner in registry.owners.items() if owner == area}
    return frozenset(names.union(*(registry.tools[name].aliases for name in names)))


def shown_by(registry: Registry, surface: Surface = FULL) -> Iterator[tuple[str, str]]:
    """Every text that agents are given before a call, with its place."""
    shown = marked(published(registry, ORIGIN, ORIGIN))
    views = Views(shown, lambda _: None, server_info(), instructions)  # type: ignore[arg-type,return-value]
    view = views.of(surface)
    yield "instructions", instructions(shown, surface)
    for tool in view.tools.listed:
        yield tool.name, orjson.dumps(dict(tool.definition)).decode()
    for path, asset in shown.public_assets.items():
        if asset.media_type.startswith(("text/", "application/json")):
            yield path, f"{asset.title} {asset.description} {asset.content.decode()}"
    for resource in shown.resources:
        yield resource.uri, f"{resource.name} {resource.title} {resource.description}"
    for name, prompt in shown.prompts.items():
        told = [prompt.title, prompt.description, *(item.description for item in prompt.arguments)]
        required = {item.name: "x" for item in prompt.arguments}
        if prompt.compose is None and set(prompt.tools) <= shown.tools.keys():
            yield name, f"{told} {prompt.render(required)}"
    for listing in (view.prompts.listing, view.resources.listing, view.guides.listing):
        yield "listing", b" ".join(listing._items).decode()


def unmarked(text: str, names: Iterable[str]) -> list[str]:
    """Places at which one of the names stands as if it were there."""
    found = re.finditer(rf"(?<![\w/.-])(?:{'|'.join(names)})\b(?!`?{re.escape(MARK)})", text)
    return [text[max(0, one.start() - 40) : one.end() + 20] for one in found]


@pytest.mark.parametrize("surface", [FULL, Surface(catalog=True)], ids=["full", "catalog"])
@pytest.mark.parametrize("area", [*AREAS, *EVERYTHING])
def test_no_text_names_a_tool_of_a_plugin_that_is_off(area: str, surface: Surface) -> None:
    plugins = PluginsSettings(enable=EVERYTHING, disable=(area,))
    registry = composed(plugins, ToolsSettings())
    assert not tools_of(area) & registry.tools.keys()
    bad = {place: places for place, text in shown_by(registry, surface)
           if (places := unmarked(text, tools_of(area)))}  # fmt: skip
    assert bad == {}


def test_no_text_names_a_tool_that_is_off_alone() -> None:
    for name in ("list_workspaces", "run_scenario", "patch_virtual_user", "get_task_result"):
        registry = composed(PluginsSettings(), ToolsSettings(disable=(name,)))
        assert [each for each in shown_by(registry) if unmarked(each[1], {name})] == []
    assert set(OFF_BY_DEFAULT) >= set(EVERYTHING)


def test_where_nothing_is_off_every_text_stays_as_it_is() -> None:
    registry = load_registry()
    assert marked(registry) is registry


def test_guidance_is_marked_and_what_people_wrote_is_not() -> None:
    marks = Marks({"run_it", "stop_it"})
    answer = {
        "name": "run_it",
        "next": "run_it, then\nstop_it.",
        "readWith": [{"tool": "run_it", "itemId": "1"}],
        "rows": [{"note": "`run_it` or run_it_all", "body": "stop_it"}],
    }
    told = {
        "name": "run_it",
        "next": "run_it (off here), then\nstop_it (off here).",
        "readWith": [{"tool": "run_it (off here)", "itemId": "1"}],
        "rows": [{"note": "`run_it` (off here) or run_it_all", "body": "stop_it"}],
    }
    assert orjson.loads(marks.content(orjson.dumps(answer))) == told
    picture = {"type": "image"}
    blocks = (text_block(orjson.dumps(answer).decode()), picture)
    shown = marks.content(Content(blocks, structured=answer))
    assert shown.structured == orjson.loads(shown.blocks[0]["text"]) == told
    assert shown.blocks[1] == picture
    plain = Content((text_block("run_it"),))
    assert marks.content(plain) is plain
    same = orjson.dumps({"next": "go on"})
    assert marks.content(same) is same


def test_a_refusal_is_marked_once() -> None:
    marks = Marks({"run_it"})
    error = ToolError("No.", next_step="Call run_it.")
    marks.error(error)
    marks.error(error)
    assert error.next_step == "Call run_it (off here)."


async def test_a_prompt_that_is_composed_is_marked() -> None:
    async def compose(_context: Any, _values: Mapping[str, str]) -> list[dict[str, Any]]:
        return [text_block("Call run_scenario."), {"type": "image"}]  # type: ignore[list-item]

    registry = replace(
        composed(PluginsSettings(), ToolsSettings(disable=("run_scenario",))),
        prompts={"one": Prompt("one", "One", "", (), compose=compose)},
    )
    made = marked(registry).prompts["one"].compose
    assert made is not None
    told = await made(None, {})  # type: ignore[arg-type]
    assert told == [text_block("Call run_scenario (off here)."), {"type": "image"}]
