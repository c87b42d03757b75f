"""Third-party plugins at load: whatever they do, they end in a reason and the rest runs."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp import (
    Command,
    ConfigSection,
    PublicAsset,
    Tool,
    ToolContext,
    hookimpl,
    payload,
    tool,
)
from octoperf_mcp.errors import PluginError
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import PluginInfo, Registry
from tests.octoperf_mcp.registry.third_party import installed, module_of


@payload
class Answer:
    """Something."""

    url: str


def named(name: str) -> Tool:
    async def function(ctx: ToolContext) -> Answer:
        """Do it."""
        return Answer(url="")

    function.__name__ = name
    return tool(title=name, read_only=True)(function)


def loaded(monkeypatch: pytest.MonkeyPatch, module: Any, **options: Any) -> Registry:
    with installed(monkeypatch, acme=module):
        return load_registry(
            enable=["acme"], load_limit_s=options.pop("load_limit_s", 60), **options
        )


def told(registry: Registry, name: str = "acme") -> PluginInfo:
    """What is said of a plugin; everything built in runs whatever it did."""
    assert "list_workspaces" in registry.tools
    return next(plugin for plugin in registry.plugins if plugin.name == name)


def test_a_healthy_one_is_listed_with_what_it_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(loaded(monkeypatch, module_of(named("acme_tool"))))
    assert (found.state, found.api, found.hooks) == ("enabled", ">=1.0,<2", ("register_tools",))
    assert (found.distribution, found.version, found.tools) == ("acme_package", "1.2", 1)


def test_one_that_cannot_be_imported_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(loaded(monkeypatch, "no_such_module_anywhere"))
    assert (found.state, "ModuleNotFoundError" in found.reason) == ("broken", True)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import sys; sys.exit()", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("\n1 / 0", "ZeroDivisionError: division by zero (test_one_that_"),
        ("\n1 / 0", "/hostile_at_import.py, line 2)"),
        ("import nowhere_installed", "hostile_at_import.py, line 1)"),
        ("raise RuntimeError('x' * 10_000)", "RuntimeError: xxx"),
        ("def f(:", "SyntaxError"),
    ],
)
def test_one_that_leaves_at_import_is_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str, reason: str
) -> None:
    (tmp_path / "hostile_at_import.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found = told(loaded(monkeypatch, "hostile_at_import"))
    assert (found.state, reason in found.reason) == ("broken", True), found.reason
    assert len(found.reason) <= 500


def test_one_that_never_comes_back_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    forever = threading.Event()
    module = module_of(register_tools=lambda: [forever.wait()])
    try:
        found = told(loaded(monkeypatch, module, load_limit_s=0.1))
    finally:
        forever.set()
    assert (found.state, found.reason) == (
        "broken",
        "it did not load within 0.1 s, the load_timeout_s of [plugins]",
    )


def _endless() -> Iterator[Tool]:
    while True:
        yield named("acme_tool")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, ""),
        (7, "must return a sequence, not int"),
        ("text", "must return a sequence, not str"),
        ({"a": 1}, "must return a sequence, not dict"),
        ([None], "must return Tool, not NoneType"),
        ([object()], "must return Tool, not object"),
        (_endless(), "more than 1000"),
    ],
)
def test_one_that_answers_nonsense_is_broken(
    monkeypatch: pytest.MonkeyPatch, answer: object, reason: str
) -> None:
    found = told(loaded(monkeypatch, module_of(register_tools=lambda: answer)))
    assert found.state == ("broken" if reason else "enabled")
    assert reason in found.reason


def test_one_with_an_unknown_hook_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(loaded(monkeypatch, module_of(register_tolls=lambda: ())))
    assert found.state == "broken"
    assert found.reason == "unknown hook 'register_tolls'; did you mean register_tools?"


def test_one_with_a_hook_like_no_other_is_told_where_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = told(loaded(monkeypatch, module_of(say_hello=lambda: ())))
    assert found.reason.startswith("unknown hook 'say_hello'; the page Hooks of the documentation")


def test_hooks_that_answer_none_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = {"register_prompts": lambda: None, "register_resources": lambda: ()}
    module = module_of(named("acme_tool"), **nothing)
    found = told(loaded(monkeypatch, module))
    assert (found.hooks, found.silent) == (("register_tools",), ("register_prompts",))


def test_a_name_of_anothers_tool_is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(loaded(monkeypatch, module_of(named("list_workspaces"))))
    assert found.reason == (
        "the tool 'list_workspaces' is registered twice: the plugin discovery has it. Its author "
        "gives it another name, such as acme_list_workspaces, or you let it take that place: "
        '[plugins] override = ["list_workspaces"]'
    )


@pytest.mark.parametrize(
    ("api", "reason"),
    [
        (">=2", "needs the plugin API >=2, and this is 1.0: install a version of it for 1.0"),
        ("soon", "cannot be read"),
    ],
)
def test_one_for_another_api_is_broken(
    monkeypatch: pytest.MonkeyPatch, api: str, reason: str
) -> None:
    found = told(loaded(monkeypatch, module_of(api=api)))
    assert (found.state, reason in found.reason) == ("broken", True)


def test_one_that_declares_no_range_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(loaded(monkeypatch, module_of(named("acme_tool"), api=None)))
    assert (found.state, found.api) == ("enabled", "")


@pytest.mark.parametrize(
    ("hook", "item", "reason"),
    [
        ("register_tools", named("list_workspaces"), "tool 'list_workspaces'"),
        ("register_tools", named("find_tools"), "tool 'find_tools'"),
        ("register_config", ConfigSection("server", Answer), "section 'server'"),
        ("register_commands", Command("acme.cli", "", ""), "needs a name"),
    ],
)
def test_one_that_takes_a_name_is_broken(
    monkeypatch: pytest.MonkeyPatch, hook: str, item: object, reason: str
) -> None:
    registry = loaded(monkeypatch, module_of(**{hook: lambda: (item,)}))
    assert (told(registry).state, reason in told(registry).reason) == ("broken", True)
    assert registry.owners["list_workspaces"] == "discovery"


def test_a_tool_is_replaced_only_where_the_operator_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = module_of(named("list_workspaces"))
    registry = loaded(monkeypatch, module, override=["list_workspaces"])
    assert registry.owners["list_workspaces"] == "acme"
    assert told(registry).overrides == ("list_workspaces",)


def test_one_with_the_name_of_a_built_in_plugin_stays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with installed(monkeypatch, conformance=module_of(named("acme_tool"))):
        registry = load_registry(enable=["conformance"])
    built_in, foreign = [plugin for plugin in registry.plugins if plugin.name == "conformance"]
    assert (built_in.built_in, built_in.state) == (True, "enabled")
    assert (foreign.state, "its name is that" in foreign.reason) == ("broken", True)
    assert "acme_tool" not in registry.tools


def test_two_broken_and_one_healthy_do_not_hinder_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crashing = module_of(register_tools=lambda: 1 / 0)
    with installed(monkeypatch, a=crashing, b=module_of(named("b_tool")), c="no_such_module"):
        registry = load_registry(enable=["a", "b", "c"])
    states = {plugin.name: plugin.state for plugin in registry.plugins if not plugin.built_in}
    assert states == {"a": "broken", "b": "enabled", "c": "broken"}
    assert registry.owners["b_tool"] == "b"


def test_what_is_registered_cannot_be_changed_through_the_registry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = loaded(monkeypatch, module_of(named("acme_tool")))
    for shared in (registry.tools, registry.owners, registry.prompts, registry.public_assets):
        with pytest.raises(TypeError):
            shared["acme_tool"] = None  # type: ignore[index]


def test_one_whose_files_are_missing_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a package is that was built without its data."""

    def assets() -> list[PublicAsset]:
        content = (Path("/nowhere") / "guide.md").read_bytes()
        return [PublicAsset("guide.md", "text/markdown; charset=utf-8", content)]

    module = module_of(named("acme_tool"), register_public_assets=assets)
    registry = loaded(monkeypatch, module)
    found = told(registry)
    assert found.state == "broken"
    assert "/nowhere/guide.md" in found.reason
    assert "acme_tool" not in registry.tools


def test_a_built_in_one_whose_files_are_missing_stops_the_start() -> None:
    class Guides:
        __name__ = "guides"

        @hookimpl
        def register_public_assets(self) -> list[PublicAsset]:
            raise FileNotFoundError(2, "No such file or directory", "guide.md")

    with pytest.raises(PluginError, match=r"'guides' is broken: .*guide\.md"):
        load_registry(extra=[Guides()])
