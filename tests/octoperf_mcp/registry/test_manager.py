"""Plugins: found, checked one by one, isolated when they are not ours."""

import sys
import types
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp import PublicAsset, RestCall, Tool, ToolContext, hookimpl, payload, tool
from octoperf_mcp.errors import PluginError
from octoperf_mcp.registry import manager
from octoperf_mcp.registry.manager import load_registry


@payload
class Answer:
    """Something."""

    url: str


def named(name: str) -> Tool:
    async def function(ctx: ToolContext) -> Answer:
        """Do it."""
        return Answer(url="")

    function.__name__ = name
    return tool(title=name)(function)


def plugin(name: str, *tools: Tool, **hooks: Any) -> types.ModuleType:
    module = types.ModuleType(f"octoperf_{name}")

    def register_tools() -> Iterable[Tool]:
        return tools

    module.register_tools = hookimpl(register_tools)  # type: ignore[attr-defined]
    for hook, value in hooks.items():
        setattr(module, hook, hookimpl(value))
    return module


def test_tools_are_sorted_by_name_whatever_the_order_of_plugins() -> None:
    registry = load_registry(
        extra=[plugin("b", named("zebra")), plugin("a", named("yak"), named("ant"))],
        installed=False,
    )
    assert list(registry.tools) == ["ant", "yak", "zebra"]
    assert registry.owners["zebra"] == "b"


def test_a_broken_built_in_plugin_stops_the_start_and_is_named() -> None:
    def register_rest_calls() -> Iterable[RestCall]:
        raise ValueError("no such thing")

    with pytest.raises(PluginError, match="'bad' is broken: ValueError: no such thing"):
        load_registry(
            extra=[plugin("bad", register_rest_calls=register_rest_calls)], installed=False
        )


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(PluginError, match="'ant' is registered twice"):
        load_registry(extra=[plugin("a", named("ant")), plugin("b", named("ant"))], installed=False)


def test_a_misspelt_hook_stops_the_start() -> None:
    def register_tolls() -> Iterable[Tool]:
        return ()

    with pytest.raises(PluginError, match="register_tolls"):
        load_registry(extra=[plugin("a", register_tolls=register_tolls)], installed=False)


def test_two_files_of_one_path_are_refused() -> None:
    def register_public_assets() -> Iterable[PublicAsset]:
        return [PublicAsset("a.md", "text/markdown", b"")] * 2

    hooks = {"register_public_assets": register_public_assets}
    with pytest.raises(PluginError, match=r"a\.md"):
        load_registry(extra=[plugin("a", **hooks)], installed=False)


def test_the_six_areas_are_installed_and_enabled() -> None:
    found = {item.name: item for item in load_registry().plugins}
    assert set(found) >= {"analysis", "bench", "discovery", "edit", "import", "validation"}
    off = {name for name, item in found.items() if item.state != "enabled"}
    assert off == {"conformance", "curl", "policy"}
    assert all(item.built_in for item in found.values())


def test_the_conformance_fixtures_come_only_when_they_are_called_for() -> None:
    assert "test_simple_text" not in load_registry().tools
    assert "test_simple_text" in load_registry(enable=["conformance"]).tools


def test_a_disabled_area_registers_nothing() -> None:
    registry = load_registry(disable=["discovery"])
    assert "list_workspaces" not in registry.tools
    assert {item.state for item in registry.plugins if item.name == "discovery"} == {"disabled"}


def test_an_unknown_plugin_name_is_refused_with_those_installed() -> None:
    with pytest.raises(PluginError, match=r"installed are: .*discovery"):
        load_registry(disable=["discovry"])


class _Foreign(Distribution):
    def read_text(self, filename: str) -> str | None:
        return (
            "Metadata-Version: 2.1\nName: acme-tools\nVersion: 1.2\n"
            if (filename == "METADATA")
            else None
        )

    def locate_file(self, path: Any) -> Any:
        return Path(path)


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    """An installed third-party plugin called `acme`."""
    module = plugin("acme", named("acme_tool"))
    monkeypatch.setitem(sys.modules, "acme_tools", module)
    point = EntryPoint("acme", "acme_tools", "octoperf_mcp")._for(_Foreign())  # type: ignore[attr-defined]
    monkeypatch.setattr(manager, "entry_points", lambda group: [point])
    return module


def test_a_third_party_plugin_is_off_until_allowed_by_name(foreign: types.ModuleType) -> None:
    off = load_registry()
    assert (off.plugins[0].state, dict(off.tools)) == ("disabled", {})
    assert "--enable acme" in off.plugins[0].reason
    assert "acme_tool" in load_registry(enable=["acme"]).tools


def test_a_broken_third_party_plugin_is_disabled_with_its_reason(
    foreign: types.ModuleType,
) -> None:
    foreign.register_tools = hookimpl(lambda: 1 / 0)  # type: ignore[attr-defined]
    registry = load_registry(enable=["acme"], extra=[plugin("a", named("ant"))])
    states = {item.name: item for item in registry.plugins}
    assert states["acme"].state == "broken"
    assert "ZeroDivisionError" in states["acme"].reason
    assert list(registry.tools) == ["ant"]
