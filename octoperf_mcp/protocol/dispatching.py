"""The catalog: a few tools listed, the others found by words and called by class.

Three dispatchers instead of one, so that hosts can go on asking before what writes or destroys:
each refuses a tool of another class.
"""

import difflib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final

import orjson
from pydantic import Field

from octoperf_mcp.errors import InvalidArgumentError
from octoperf_mcp.protocol.catalogue import Choose, ToolEntry, Tools
from octoperf_mcp.protocol.ranking import Ranking
from octoperf_mcp.registry.content import Content
from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.payloads import payload
from octoperf_mcp.registry.tools import Tool, tool

DIRECT: Final = (
    "list_workspaces",
    "list_projects_by_workspace",
    "list_virtual_users",
    "list_scenarios_by_project",
    "get_virtual_user",
    "import_har_virtual_user",
    "validate_virtual_user",
    "get_virtual_user_validation",
    "run_scenario",
    "get_bench_status",
    "list_bench_reports_by_project",
    "get_bench_report",
)
"""Tools that are listed anyway: those of nearly every conversation."""

_INPUT: Final = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "Name of the tool, as find_tools gives it."},
        "arguments": {
            "type": "object",
            "description": "Arguments of that tool, as its inputSchema wants them.",
        },
    },
    "required": ["name", "arguments"],
    "additionalProperties": False,
}


@payload
class FoundTool:
    """A tool that fits: `callWith` is the tool to call, `inputSchema` what `arguments` must be."""

    name: str
    title: str
    purpose: str
    class_: Annotated[str, Field(serialization_alias="class")]
    call_with: str
    input_schema: dict[str, Any]


@payload
class FoundTools:
    """The best tools first; `total` is how many there are to search."""

    tools: list[FoundTool]
    total: int


def _dispatcher(
    name: str, title: str, description: str, *, read_only: bool = False, destructive: bool = False
) -> Tool:
    async def unsettled(_ctx: ToolContext, _arguments: Mapping[str, Any]) -> Content:
        raise RuntimeError("`Tools.settle` puts the tool that is asked for in its place")

    unsettled.__name__ = name
    unsettled.__doc__ = description
    return tool(title=title, input_schema=_INPUT, read_only=read_only, destructive=destructive)(
        unsettled
    )


DISPATCHERS: Final = {
    "read": _dispatcher(
        "call_read_tool",
        "Call a reading tool",
        "Call a tool of class read by its name; the answer is that tool's own.",
        read_only=True,
    ),
    "write": _dispatcher(
        "call_write_tool",
        "Call a writing tool",
        "Call a tool of class write by its name: it adds or changes, and loses nothing.",
    ),
    "destructive": _dispatcher(
        "call_destructive_tool",
        "Call a destructive tool",
        "Call a tool of class destructive by its name: it replaces, stops, spends or deletes.",
        destructive=True,
    ),
}


def class_of(called: Tool) -> str:
    """`read`, `write` or `destructive`."""
    hints = called.definition["annotations"]
    if hints["readOnlyHint"]:
        return "read"
    return "destructive" if hints["destructiveHint"] else "write"


def catalog(reached: Sequence[Tool]) -> tuple[list[Tool], dict[str, Choose]]:
    """What is listed before a set of tools, and the dispatchers by name."""
    direct = [found for name in DIRECT for found in reached if found.name == name]
    ranking = Ranking(reached)

    @tool(title="Find tools", read_only=True)
    async def find_tools(
        _ctx: ToolContext, query: str, limit: Annotated[int, Field(ge=1, le=25)] = 10
    ) -> FoundTools:
        """Find tools of this server by what they do, in plain words; most are not listed.

        Each one says in callWith how it is called: call_read_tool, call_write_tool or
        call_destructive_tool with its name and arguments, or the tool itself.

        Args:
            query: What you want to do.
            limit: Largest number of tools.
        """
        rows = [_row(found, found in direct) for found in ranking.best(query, limit)]
        return FoundTools(tools=rows, total=len(reached))

    classes = {class_of(found) for found in reached}
    dispatchers = {kind: made for kind, made in DISPATCHERS.items() if kind in classes}
    listed = [find_tools, *dispatchers.values(), *direct]  # some hosts cut lists short
    return listed, {made.name: partial(_choose, kind) for kind, made in dispatchers.items()}


def wrapped(called: Tool, arguments: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The dispatcher for a tool, and what it is given."""
    return DISPATCHERS[class_of(called)].name, {"name": called.name, "arguments": arguments}


def _row(found: Tool, direct: bool) -> FoundTool:
    kind = class_of(found)
    return FoundTool(
        name=found.name,
        title=found.title,
        purpose=found.description,
        class_=kind,
        call_with=found.name if direct else DISPATCHERS[kind].name,
        input_schema=dict(found.definition["inputSchema"]),
    )


def _choose(
    kind: str, tools: Tools, arguments: Mapping[str, Any]
) -> tuple[ToolEntry, Mapping[str, Any]]:
    """The tool that is asked for, when it is of this class."""
    extra = sorted(arguments.keys() - {"name", "arguments"})
    if extra:
        raise InvalidArgumentError(
            f"There is no argument {extra[0][:100]!r} here.",
            field=extra[0][:100],
            allowed=["name", "arguments"],
            next_step="Put the arguments of the tool into `arguments`.",
        )
    name = arguments.get("name")
    entry = tools.reach(name) if isinstance(name, str) and name in tools.names else None
    if entry is None:
        raise _unknown(tools, name)
    wanted = class_of(entry.tool)
    if wanted != kind:
        raise InvalidArgumentError(
            f"{entry.tool.name} is a tool of class {wanted}, not {kind}.",
            field="name",
            got=name,
            next_step=f"Call {DISPATCHERS[wanted].name} with the same name and arguments.",
        )
    return entry, _given(arguments.get("arguments"))


def _unknown(tools: Tools, name: Any) -> InvalidArgumentError:
    text = name[:200] if isinstance(name, str) else ""
    near = difflib.get_close_matches(text, sorted(tools.names), n=1)
    return InvalidArgumentError(
        f"There is no tool {text!r} on this connection.",
        field="name",
        got=text,
        did_you_mean=near[0] if near else "",
        next_step="Call find_tools with what you want to do.",
    )


def _given(arguments: Any) -> Mapping[str, Any]:
    """The arguments; models leave out an empty object, and write a full one as text."""
    if arguments is None:
        return {}
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            arguments = None
    if not isinstance(arguments, dict):
        raise InvalidArgumentError(
            "The arguments of the tool must be an object.",
            field="arguments",
            next_step='Send {"name": …, "arguments": {…}}; find_tools gives the inputSchema.',
        )
    return arguments
