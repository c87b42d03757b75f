"""A tool's failure as the agent reads it: what is wrong, and calls that lead on."""

import asyncio
import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import orjson

from octoperf_mcp.errors import InvalidArgumentError, NotFoundError, OctoPerfMcpError, ToolError
from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.tools import Tool

Find = Callable[[str], Tool | None]
"""The tool of a name, where the caller can call it."""

Fill = Callable[[Tool, Mapping[str, Any]], Mapping[str, Any]]
"""Adds the arguments that the connection gives."""

_MAX_NEXT: Final = 3
_MAX_ECHOED_BYTES: Final = 2000
_LOOK_S: Final = 3.0
_NAME: Final = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
_AGAIN: Final = frozenset(("rate_limited", "unavailable"))


def failure_members(error: ToolError, request_id: str) -> dict[str, Any]:
    """`{code, message, field?, got?, allowed?, didYouMean?, hint?, next, requestId}`."""
    members: dict[str, Any] = {"code": error.code, "message": error.message, **error.details}
    if error.next_step:
        members["hint"] = error.next_step
    members["next"] = []
    members["requestId"] = request_id
    return members


def told(
    error: ToolError, request_id: str, tool: Tool, arguments: Mapping[str, Any], find: Find
) -> dict[str, Any]:
    """The same for one call, with at most three calls to go on with.

    Args:
        error: What went wrong.
        request_id: Name of the request in the log.
        tool: What was called.
        arguments: As they were sent.
        find: Looks tools up.
    """
    members = failure_members(error, request_id)
    calls: list[dict[str, Any]] = []
    mended = _mended(members, tool, arguments)
    if mended is not None:
        calls.append(_call(tool, mended))
    if "confirmToken" in members:
        confirmed = {**arguments, "confirmToken": members["confirmToken"]}
        calls.append(_call(tool, confirmed))
    texts = [error.next_step, _described(tool, members.get("field"))]
    for name in dict.fromkeys(found for text in texts for found in _NAME.findall(text)):
        other = find(name)
        if other is not None and other is not tool and not _spends(other):
            calls.append(_call(other, _carried(other, {**arguments, **error.details})))
    if error.code in _AGAIN or (isinstance(error, InvalidArgumentError) and not calls):
        refused = members.get("field") if isinstance(error, InvalidArgumentError) else None
        calls.append(_call(tool, _accepted(tool, arguments, refused)))
    members["next"] = [call for call in calls if _short(call)][:_MAX_NEXT]
    return members


async def meant(
    error: ToolError,
    members: Mapping[str, Any],
    context: ToolContext,
    find: Find,
    fill: Fill,
) -> str:
    """The id that was meant where none has the one that was sent; empty when unknown.

    The first of the next calls is made, if it only reads and nothing is missing: agents send a
    name for an id, or an id with a letter wrong.
    """
    got = error.details.get("got")
    if not isinstance(error, NotFoundError) or not isinstance(got, str) or not members["next"]:
        return ""
    call = members["next"][0]
    lister = find(call["tool"])
    if lister is None or not lister.definition["annotations"]["readOnlyHint"]:
        return ""
    if set(lister.definition["inputSchema"].get("required", ())) - call["arguments"].keys():
        return ""
    try:
        async with asyncio.timeout(_LOOK_S):
            content = await lister.call(context, fill(lister, call["arguments"]))
    except (OctoPerfMcpError, TimeoutError):
        return ""
    return _nearest(got, _rows(orjson.loads(content))) if isinstance(content, bytes) else ""


def _rows(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    lists = (value for value in answer.values() if isinstance(value, list))
    return [row for row in next(lists, []) if isinstance(row, dict) and "id" in row]


def _nearest(got: str, rows: Iterable[Mapping[str, Any]]) -> str:
    names = {str(row.get("name", "")).casefold(): str(row["id"]) for row in rows}
    ids = {found.casefold(): found for found in names.values()}
    wanted = got.casefold()
    for known in (names, ids):
        if wanted in known:
            return known[wanted]
    for known in (ids, names):
        near = difflib.get_close_matches(
            wanted[:200], [key for key in known if key], n=1, cutoff=0.8
        )
        if near:
            return known[near[0]]
    return ""


def _mended(
    members: Mapping[str, Any], tool: Tool, arguments: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The arguments with what was meant in the place of what was sent."""
    field, meant_instead = members.get("field"), members.get("didYouMean")
    if not isinstance(field, str) or not meant_instead or field not in arguments:
        return None
    mended = dict(arguments)
    properties = _properties(tool)
    if field in properties:
        mended[field] = meant_instead
    elif meant_instead in properties and meant_instead not in mended:
        mended[meant_instead] = mended.pop(field)
    else:
        return None
    return mended


def _spends(tool: Tool) -> bool:
    """Whether a call sends load: it is named as the source of an id, never proposed for one."""
    hints = tool.definition["annotations"]
    return bool(hints["destructiveHint"] and hints["openWorldHint"])


def _described(tool: Tool, field: Any) -> str:
    schema = _properties(tool).get(field)
    return str(schema.get("description", "")) if isinstance(schema, dict) else ""


def _carried(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a tool requires and this call, or its error, had."""
    required = tool.definition["inputSchema"].get("required", ())
    return {name: arguments[name] for name in required if name in arguments}


def _accepted(tool: Tool, arguments: Mapping[str, Any], refused: Any) -> dict[str, Any]:
    """What was sent, without what the tool does not know and without the value it refused."""
    known = {*_properties(tool), *tool.parameter_aliases} - {refused}
    return {name: value for name, value in arguments.items() if name in known}


def _call(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A call as `next` has it; secrets are not repeated."""
    properties = _properties(tool)
    shown = {
        name: value
        for name, value in arguments.items()
        if not properties.get(name, {}).get("writeOnly")
    }
    return {"tool": tool.name, "arguments": shown}


def _properties(tool: Tool) -> Mapping[str, Any]:
    found: Mapping[str, Any] = tool.definition["inputSchema"].get("properties", {})
    return found


def _short(call: Mapping[str, Any]) -> bool:
    return len(orjson.dumps(call, default=str, option=orjson.OPT_NON_STR_KEYS)) <= _MAX_ECHOED_BYTES
