"""The pages of `docs/` that follow from code: clients, tools, configuration, commands, insights, hooks."""

import inspect
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from octoperf_mcp import hookspecs
from octoperf_mcp.cli.main import COMMANDS
from octoperf_mcp.config import PREFIX, SECTIONS, Secret
from octoperf_mcp.embedded.metrics.alarms import BANDS
from octoperf_mcp.embedded.metrics.insight_rules import (
    MIN_MINUTES,
    MIN_USERS,
    NOT_ENOUGH_DATA,
    RULES,
    Rule,
)
from octoperf_mcp.registry.client_page import connect_page
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.tools import Tool
from tests.plugin_names import plugin_names

_DELIVERY = Path(__file__).parent / "third_party" / "delivery"
URL = "https://octoperf.example.com/mcp"
NOTE = "<!-- Written from the code: UPDATE_SNAPSHOTS=1 pytest tests/test_docs.py -->"


def pages() -> dict[str, str]:
    """Text of each page, by file name."""
    registry = load_registry()
    written = {
        "connect.md": _connect(),
        "tools.md": _tools(registry),
        "configuration.md": _configuration(),
        "commands.md": _commands(),
        "hooks.md": _hooks(),
        "plugin-api.md": plugin_names(),
        "insights.md": _insights(),
    }
    return {name: "\n".join([NOTE, "", *lines, ""]) for name, lines in written.items()}


def _connect() -> Iterator[str]:
    intro = [
        f"`{URL}` stands for the address of your server, which serves this",
        "page with its own address at `/mcp/public/connect.md`. `octoperf-mcp connect CLIENT` prints",
        "the same for the server that runs on this machine, `--write` writes the files. The options",
        "`--areas`, `--readonly`, `--catalog`, `--workspace` and `--project` connect to a part of the",
        "server only. Where the identity provider lets no client register, `--client-id` puts in the id",
        "of one that was registered by hand, and names the redirect addresses that it needs.",
    ]
    return connect_page(URL, intro)


def _tools(registry: Registry) -> Iterator[str]:
    yield "# Tools"
    yield ""
    yield "Every tool is a prompt of the same name, too. *Asks* means that a person is asked first"
    yield "where the client can ask. `octoperf-mcp tools --json` prints the full definitions."
    for area in sorted(set(registry.owners.values())):
        tools = [tool for name, tool in registry.tools.items() if registry.owners[name] == area]
        yield from (
            "",
            f"## {area}",
            "",
            "| tool | does | effect | arguments |",
            "|---|---|---|---|",
        )
        yield from map(_tool_row, tools)


def _tool_row(tool: Tool) -> str:
    schema = tool.definition["inputSchema"]
    needed = set(schema.get("required", ()))
    arguments = [name if name in needed else f"*{name}*" for name in schema.get("properties", {})]
    does = tool.description.partition("\n")[0].replace("|", "\\|")
    return f"| `{tool.name}` | {does} | {_effect(tool)} | {', '.join(arguments)} |"


def _effect(tool: Tool) -> str:
    hints = tool.definition["annotations"]
    kind = "destroys" if hints["destructiveHint"] else "writes"
    kind = "reads" if hints["readOnlyHint"] else kind
    return f"{kind}, asks" if tool.confirm is not None else kind


def _configuration() -> Iterator[str]:
    yield "# Configuration"
    yield ""
    yield "Flags win over the environment, which wins over `octoperf-mcp.toml` (or the file of"
    yield "`--config`), which wins over the defaults. A variable may end in `_FILE` to name a file"
    yield "that holds the value. An unknown key is an error that names the nearest one."
    for section, kind in SECTIONS.items():
        yield from ("", f"## [{section}]", "", inspect.getdoc(kind) or "", "")
        yield from ("| key | type | default | meaning |", "|---|---|---|---|")
        yield from (_key_row(section, item, kind) for item in fields(kind))


def _key_row(section: str, item: Field[Any], kind: type[Any]) -> str:
    hint = typing.get_type_hints(kind)[item.name]
    default = item.default if item.default is not MISSING else ""
    shown = "" if default in ("", ()) or isinstance(default, Secret) else f"`{_toml(default)}`"
    variable = f"{PREFIX}{section}_{item.name}".upper()
    meaning = str(item.metadata["help"]).replace("|", "\\|")
    return f"| `{item.name}`<br>`{variable}` | {_type_name(hint)} | {shown} | {meaning} |"


def _type_name(hint: Any) -> str:
    if hint is Secret:
        return "secret text"
    if typing.get_origin(hint) is tuple:
        return "list"
    if isinstance(hint, types.UnionType):
        return " or ".join(_type_name(part) for part in typing.get_args(hint))
    return {str: "text", int: "whole number", float: "number", bool: "true or false"}.get(
        hint, str(hint)
    )


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "Each has `--help`. Exit status: 0 ok, 1 failed, 2 wrong use."
    for name, command in COMMANDS.items():
        yield from ("", f"## {name}", "", f"{command.summary[0].upper()}{command.summary[1:]}.", "")
        yield from ("```sh", *(line.strip() for line in command.example.splitlines()), "```")


def _insights() -> Iterator[str]:
    yield "# Insights"
    yield ""
    yield "What `get_report_insights` of the embedded platform says of a run, and from which value on."
    yield f"Below {MIN_USERS} users or {MIN_MINUTES} minutes there is `{NOT_ENOUGH_DATA}` alone."
    yield "Values are per cent and may pass 100. Below its first threshold an insight is `PASSED`; a"
    yield "threshold of 0 is passed by anything above it. Ids and levels are the original's; its"
    yield "thresholds are not public, these are ours."
    yield ""
    yield from ("| id | value | INFO | WARN | ERROR |", "|---|---|---|---|---|")
    yield from (_insight_row(rule) for rule in RULES.values())
    yield ""
    yield "A load generator raises an alarm for each stretch of seconds in one of these ranges:"
    yield ""
    yield from ("| counter | from | to | severity |", "|---|---|---|---|")
    for band in BANDS:
        high = "" if band.high is None else f"{band.high:g}"
        yield f"| {band.counter} | {band.low:g} | {high} | {band.severity} |"
    yield from (
        "",
        "A report sets others in the `configs` of its `InsightsReportItem`:",
        "",
        "```json",
        '{"@type": "InsightsReportConfig", "minUsers": 10, "minMinutes": 5,',
        ' "thresholds": {"STEP_BY_STEP_ERRORS": {"info": 1, "warn": 2, "error": 10}}}',
        "```",
    )


def _insight_row(rule: Rule) -> str:
    limits = (rule.thresholds.get(level) for level in ("info", "warn", "error"))
    cells = ("" if limit is None else f"{limit:g}" for limit in limits)
    return f"| `{rule.id}` | {rule.measures} | {' | '.join(cells)} |"


def _hooks() -> Iterator[str]:
    yield "# Hooks"
    yield ""
    yield "A plugin is a package with an entry point in the group `octoperf_mcp` whose module has"
    yield "some of these functions, marked with `@hookimpl`. All are synchronous, take nothing and"
    yield "return frozen objects, of classes that the page [Names for plugins](plugin-api.md) has."
    yield "`plugins/octoperf_discovery` is a small real plugin."
    registry = load_registry(enable=["curl", "policy", "conformance"])
    for name, hook in _hookspecs():
        returns = inspect.signature(hook).return_annotation
        shown = inspect.formatannotation(returns).replace("collections.abc.", "")
        yield from ("", f"## `{name}() -> {_short(shown)}`", "", inspect.getdoc(hook) or "")
        yield from ("", f"Used by {', '.join(_users(registry, name))}.")


def _users(registry: Registry, hook: str) -> Iterator[str]:
    """Plugins of this repository that have it, as links."""
    folders = [f"plugins/octoperf_{one.name}" for one in registry.plugins if hook in one.hooks]
    if f"def {hook}(" in (_DELIVERY / "octoperf_mcp_delivery/__init__.py").read_text("utf-8"):
        folders.append("tests/third_party/delivery")
    for folder in folders:
        yield f"[{folder.rpartition('/')[2].removeprefix('octoperf_')}](../{folder})"


def _hookspecs() -> Iterable[tuple[str, Any]]:
    return [
        (name, value)
        for name, value in vars(hookspecs).items()
        if name.startswith("register_") and callable(value)
    ]


def _short(annotation: str) -> str:
    """Without the modules of the names."""
    head, bracket, inner = annotation.partition("[")
    if not bracket or "Callable" in inner:
        return f"{head}[Lifespan]" if bracket else head
    return f"{head}[{inner.rstrip(']').rpartition('.')[2]}]"
