"""The page of all names that plugins import, from their docstrings and declarations."""

import ast
import importlib
import inspect
import itertools
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, Final

import octoperf_mcp
from octoperf_mcp import errors

_HOMES: Final = "_HOMES"
_TITLES: Final = {
    "registry.tools": "Tools",
    "registry.payloads": "Tools",
    "registry.context": "What a tool is given",
    "registry.confirmations": "Questions",
    "registry.questions": "Questions",
    "registry.rest_calls": "REST calls, services, links",
    "registry.base_addresses": "REST calls, services, links",
    "registry.deep_links": "REST calls, services, links",
    "registry.tickets": "REST calls, services, links",
    "registry.assets": "Prompts, resources, files, settings",
    "config": "Prompts, resources, files, settings",
    "cli.settings": "Prompts, resources, files, settings",
    "registry.extending": "Around calls and the server",
    "registry.changes": "Around calls and the server",
    "hookspecs": "Around calls and the server",
    "registry.api_range": "Around calls and the server",
    "entities.extensions": "Imports, presets, notices",
    "entities.imported": "Imports, presets, notices",
    "entities.action_types": "Actions",
    "entities.playing": "Actions",
    "entities.report_items": "Report items",
    "entities.drawings": "Report items",
    "registry.listings": "Helpers of tools",
    "registry.ids": "Helpers of tools",
    "registry.edits": "Helpers of tools",
    "registry.patches": "Helpers of tools",
    "registry.polling": "Helpers of tools",
    "registry.platform_tasks": "Helpers of tools",
    "registry.captures": "Helpers of tools",
    "registry.content": "Helpers of tools",
    "errors": "Errors",
    "kit.running": "Tests",
    "kit.playing": "Tests",
    "kit.seeding": "Tests",
}
"""Of the sections, by the module that a name is from; in their order."""
_BESIDE: Final = {
    "entities.imported": ("Imported", "Note", "Bodies"),
    "errors": tuple(
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.ToolError)
    ),
    "kit.running": ("Client", "Platform"),
    "kit.playing": ("Played",),
    "kit.seeding": ("FinishedRun",),
}
"""What is imported from elsewhere than the top."""


def plugin_names() -> Iterator[str]:
    """Lines of the page."""
    yield "# Names for plugins"
    yield ""
    yield "What a plugin imports: from `octoperf_mcp` unless another module is named. Everything else in the"
    yield "package may change with any version. `>>> help(octoperf_mcp.RestCall)` shows the same."
    homes = {**vars(octoperf_mcp)[_HOMES]}
    sections: dict[str, list[tuple[str, str]]] = {title: [] for title in _TITLES.values()}
    for name, home in homes.items():
        sections[_TITLES[home]].append((name, home))
    for home, names in _BESIDE.items():
        sections[_TITLES[home]] += [(name, home) for name in names]
    for title, listed in sections.items():
        yield from ("", f"## {title}")
        for name, home in sorted(listed):
            yield from _entry(name, home)


def _entry(name: str, home: str) -> Iterator[str]:
    module = importlib.import_module(f"octoperf_mcp.{home}")
    value = getattr(module, name)
    where = f" (`octoperf_mcp.{home}`)" if home in _BESIDE and name in _BESIDE[home] else ""
    yield from ("", f"### `{name}`{where}", "")
    node = _declared(module, name)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        waits = "await " if isinstance(node, ast.AsyncFunctionDef) else ""
        yield from _code([waits + _head(node)])
    elif isinstance(node, ast.ClassDef) and (members := list(_members(node))):
        yield from _code([f"{name}(", *(f"    {line}," for line in members), ")"])
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        yield from _code([ast.unparse(node)])
    yield from _text(_told(module, name, value))
    if isinstance(node, ast.ClassDef):
        yield from _methods(node)


def _methods(node: ast.ClassDef) -> Iterator[str]:
    yield ""
    for each in node.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name[0] != "_":
            is_property = any(ast.unparse(one) == "property" for one in each.decorator_list)
            waits = "await " if isinstance(each, ast.AsyncFunctionDef) else ""
            yield f"- `{waits}.{each.name if is_property else _head(each)}`"
            yield from (f"  {line}".rstrip() for line in _text(ast.get_docstring(each) or ""))


def _declared(module: Any, name: str) -> ast.stmt | None:
    for node in ast.parse(inspect.getsource(module)).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        named = {getattr(target, "id", None) for target in targets}
        if getattr(node, "name", None) == name or name in named:
            return node
    return None


def _told(module: Any, name: str, value: Any) -> str:
    """Its docstring, or the text below the assignment."""
    body = ast.parse(inspect.getsource(module)).body
    for node, below in itertools.pairwise(body):
        if node is _same(node, name) and isinstance(below, ast.Expr):
            constant = below.value
            if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                return inspect.cleandoc(constant.value)
    told = inspect.getdoc(value) if inspect.isclass(value) or callable(value) else ""
    return told or ""


def _same(node: ast.stmt, name: str) -> ast.stmt | None:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return node if any(getattr(target, "id", None) == name for target in targets) else None


def _members(node: ast.ClassDef) -> Iterator[str]:
    """What its constructor takes, where that is written down."""
    made = [one for one in node.body if getattr(one, "name", "") == "__init__"]
    if made and isinstance(made[0], ast.FunctionDef):
        arguments = made[0].args
        yield from (ast.unparse(one) for one in arguments.args[1:])
        yield from (ast.unparse(one) for one in arguments.kwonlyargs)
        return
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and not ast.unparse(each.target).startswith("_"):
            yield ast.unparse(each)


def _head(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    arguments = ast.unparse(node.args)
    arguments = re.sub(r"^self(, )?", "", arguments)
    answer = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({arguments}){answer}"


def _code(lines: Iterable[str]) -> Iterator[str]:
    yield "```python"
    for line in lines:
        yield from textwrap.wrap(line, 100, subsequent_indent="    ", break_long_words=False)
    yield from ("```", "")


def _text(docstring: str) -> Iterator[str]:
    """A docstring as Markdown: its sections as lists, its examples as code."""
    lines = inspect.cleandoc(docstring).splitlines()
    section = False
    for line in lines:
        if re.fullmatch(r"(Args|Raises|Returns):", line):
            section = True
            yield f"*{line.removesuffix(':')}*"
            yield ""
            continue
        if section and line and not line.startswith(" "):
            section = False
        item = re.match(r"    (\w+): (.*)", line)
        if section and item:
            yield f"- `{item[1]}`: {item[2]}"
        elif section:
            yield f"  {line.strip()}" if line.strip() else ""
        else:
            yield line
