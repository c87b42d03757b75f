"""`prompts/list`, `prompts/get` (server/prompts): every tool is a prompt of the same name.

Hosts show prompts as slash commands: `/mcp__octoperf__list_workspaces`. The text is made from the
tool's own definition, so that the two never drift apart.
"""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from octoperf_mcp.errors import InvalidParamsError
from octoperf_mcp.protocol import jsonrpc, results
from octoperf_mcp.protocol.catalogue import Tools, unknown
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.pagination import Listing
from octoperf_mcp.protocol.tools import MakeContext, check_scope
from octoperf_mcp.registry.assets import Messages, Prompt, PromptArgument
from octoperf_mcp.registry.content import text_block
from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.tools import READ, Tool

_NO_SCHEMA: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A prompt as it is listed and rendered; `choices` are the known values of an argument."""

    title: str
    description: str
    arguments: Sequence[PromptArgument]
    render: Callable[[Mapping[str, str]], Messages]
    choices: Mapping[str, Sequence[str]]
    strict: bool
    compose: Callable[[ToolContext, Mapping[str, str]], Awaitable[Messages]] | None = None
    pinned: Sequence[str] = ()


class Prompts:
    """The prompts beside one list of tools; a plugin's own prompt wins over a tool's.

    Arguments whose names are `pinned` are not asked for: the connection's surface gives them.
    """

    def __init__(
        self,
        registry: Registry,
        tools: Tools,
        make_context: MakeContext,
        info: Mapping[str, Any],
        *,
        pinned: Collection[str] = (),
    ) -> None:
        self._make_context = make_context
        listed = (tool for tool in tools.listed if tool.name in tools.names)
        entries = {tool.name: _tool_entry(tool) for tool in listed}
        entries |= {
            name: _prompt_entry(prompt, pinned)
            for name, prompt in registry.prompts.items()
            if tools.names.issuperset(prompt.tools)
        }
        self._entries = dict(sorted(entries.items()))
        self._end = results.modern_tail(info)
        self.listing = Listing(
            "prompts",
            [_listed(name, entry) for name, entry in self._entries.items()],
            modern_tail=results.modern_tail(info, ttl_ms=results.CATALOGUE_TTL_MS),
        )

    def get(self, exchange: Exchange) -> Reply | Coroutine[Any, Any, Reply]:
        """Render one prompt.

        Raises:
            InvalidParamsError: there is no such prompt, or its arguments are wrong.
        """
        params = results.params_of(exchange)
        entry = self._find(results.text_param(params, "name"))
        given = _checked(entry, results.object_param(params, "arguments"))
        pins = exchange.surface.pins
        values = {**given, **{name: pins[name] for name in entry.pinned}} if pins else given
        if entry.compose is None:
            return self._reply(exchange, entry, entry.render(values))
        return self._compose(exchange, entry, entry.compose, values)

    async def _compose(
        self,
        exchange: Exchange,
        entry: _Entry,
        compose: Callable[[ToolContext, Mapping[str, str]], Awaitable[Messages]],
        values: Mapping[str, str],
    ) -> Reply:
        check_scope(exchange.caller, READ)
        return self._reply(exchange, entry, await compose(self._make_context(exchange), values))

    def _reply(self, exchange: Exchange, entry: _Entry, messages: Messages) -> Reply:
        blocks = (text_block(messages),) if isinstance(messages, str) else messages
        members = {
            "description": entry.description,
            "messages": [{"role": "user", "content": block} for block in blocks],
        }
        tail = self._end if exchange.modern else b""
        body = orjson.dumps(members)[:-1] + tail + b"}"
        return Reply(jsonrpc.result(exchange.request.id_json, body))

    def choices(self, name: str, argument: str) -> Sequence[str]:
        """Known values of an argument.

        Raises:
            InvalidParamsError: there is no such prompt or argument.
        """
        entry = self._find(name)
        _refuse_unknown(entry, argument)
        return entry.choices.get(argument, ())

    def _find(self, name: str) -> _Entry:
        entry = self._entries.get(name)
        if entry is None:
            raise unknown("prompt", name, tuple(self._entries), {"prompt": name})
        return entry


def _refuse_unknown(entry: _Entry, argument: str) -> None:
    names = [known.name for known in entry.arguments]
    if argument not in names:
        raise unknown("argument", argument, names, {"argument": argument})


def _checked(entry: _Entry, given: Mapping[str, Any]) -> Mapping[str, str]:
    for name, value in given.items():
        _refuse_unknown(entry, name)
        if not isinstance(value, str):
            raise InvalidParamsError(f"The argument {name} of a prompt is text.")
    for argument in entry.arguments:
        if entry.strict and argument.required and argument.name not in given:
            raise InvalidParamsError(
                f"The argument {argument.name} is missing.", data={"argument": argument.name}
            )
    return given


def _listed(name: str, entry: _Entry) -> bytes:
    arguments = [
        {"name": item.name, "description": item.description, "required": item.required}
        for item in entry.arguments
    ]
    return orjson.dumps(
        {
            "name": name,
            "title": entry.title,
            "description": entry.description,
            "arguments": arguments,
        }
    )


def _prompt_entry(prompt: Prompt, pinned: Collection[str]) -> _Entry:
    return _Entry(
        title=prompt.title,
        description=prompt.description,
        arguments=[item for item in prompt.arguments if item.name not in pinned],
        render=prompt.render,
        choices={},
        strict=True,
        compose=prompt.compose,
        pinned=[item.name for item in prompt.arguments if item.name in pinned],
    )


def _tool_entry(tool: Tool) -> _Entry:
    properties = tool.definition["inputSchema"].get("properties", {})
    required = tool.definition["inputSchema"].get("required", ())
    arguments = [
        PromptArgument(name, _described(schema), required=name in required)
        for name, schema in properties.items()
    ]
    return _Entry(
        title=tool.title,
        description=tool.description.partition("\n")[0],
        arguments=arguments,
        render=lambda values: _ask(tool, values),
        choices={name: _choices(schema) for name, schema in properties.items()},
        strict=False,
    )


def _described(schema: Mapping[str, Any]) -> str:
    text = str(schema.get("description", ""))
    return f"{text} As JSON." if schema.get("type") in {"array", "object"} else text


def _choices(schema: Mapping[str, Any]) -> Sequence[str]:
    if schema.get("type") == "boolean":
        return ("true", "false")
    return [value for value in schema.get("enum", ()) if isinstance(value, str)]


def _ask(tool: Tool, values: Mapping[str, str]) -> str:
    """The user's message: call the tool with these arguments."""
    schema = tool.definition["inputSchema"]
    properties: Mapping[str, Any] = schema.get("properties", {})
    given = {
        name: _typed(value, properties.get(name, _NO_SCHEMA))
        for name, value in values.items()
        if value != ""
    }
    lines = [f"Call the tool `{tool.name}` ({tool.title})"]
    if given:
        written = orjson.dumps(given, option=orjson.OPT_INDENT_2).decode()
        lines[0] += f" with these arguments:\n\n```json\n{written}\n```"
    else:
        lines[0] += "."
    missing = [name for name in schema.get("required", ()) if name not in given]
    if missing:
        lines.append("Still needed; find them with the listing tools, or ask me:")
        lines += [f"- `{name}`: {_described(properties[name])}" for name in missing]
    if tool.definition["annotations"]["destructiveHint"]:
        lines.append("First say in a sentence what this will change or spend, and wait for a yes.")
    lines.append("Then tell me the result in short, with its link.")
    return "\n".join(lines)


def _typed(value: str, schema: Mapping[str, Any]) -> Any:
    """The argument as the tool wants it; text that does not fit its type stays text."""
    if schema.get("type") in {None, "string"}:
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
