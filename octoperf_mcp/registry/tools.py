"""A tool: a function, described once, ready for the wire."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints

import orjson
from pydantic import BaseModel, Field

from octoperf_mcp.errors import InvalidArgumentError, PluginError
from octoperf_mcp.registry import schema
from octoperf_mcp.registry.confirmations import Confirm
from octoperf_mcp.registry.content import Content, Illustrated
from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.registry.row_fields import DESCRIPTION, FIELDS, Rows, rows_of
from octoperf_mcp.registry.shipped import fingerprint, shipped
from octoperf_mcp.registry.writing import Writer, blocks_as_they_are, writer

READ = "octoperf:read"
WRITE = "octoperf:write"

ToolFunction = Callable[..., Awaitable[Any]]


class _Unread(BaseModel):
    """Arguments of a tool whose schema is given verbatim."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool, built by `@tool`.

    `definition` is the object that `tools/list` shows; `scope` is what `tools/call` requires;
    `needs` are the optional calls without which the tool is not listed; `aliases` are older
    names of the tool, `parameter_aliases` map an unadvertised argument to the advertised one;
    `confirm` is what a person is asked before a call. What checks arguments and writes answers is
    made when it is first needed.
    """

    name: str
    function: ToolFunction
    definition: Mapping[str, Any]
    scope: str
    needs: tuple[RestCall, ...]
    aliases: tuple[str, ...]
    parameter_aliases: Mapping[str, str]
    _arguments: Callable[[], type[BaseModel]]
    _writer: Callable[[], Writer]
    _rows: Rows | None
    confirm: Confirm | None

    @property
    def title(self) -> str:
        """Name for people."""
        return str(self.definition["title"])

    @property
    def description(self) -> str:
        """What the tool does, for the agent."""
        return str(self.definition["description"])

    async def call(self, context: ToolContext, arguments: Mapping[str, Any]) -> Any:
        """Check the arguments, run the function, answer `structuredContent` as JSON bytes.

        A tool that answers content blocks gives its `Content` as it is.

        Raises:
            ToolError: the agent can act on it.
        """
        values = schema.validate_arguments(self._arguments(), self._renamed(arguments), self.name)
        narrow = None
        if self._rows is not None and (fields := values.pop(FIELDS)):
            narrow = self._rows.narrowing(fields, self.name)
        returned = await self.function(context, **values)
        return self._writer()(returned, narrow)

    def prepare(self) -> None:
        """Make what the first call would have to wait for."""
        self._arguments()
        self._writer()

    def checked(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments by their advertised names, once they are known to be right.

        Raises:
            InvalidArgumentError: they are not.
        """
        renamed = self._renamed(arguments)
        schema.validate_arguments(self._arguments(), renamed, self.name)
        return renamed

    def _renamed(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if not self.parameter_aliases or self.parameter_aliases.keys().isdisjoint(arguments):
            return arguments
        renamed = dict(arguments)
        for alias, name in self.parameter_aliases.items():
            if alias not in renamed:
                continue
            if name in renamed:
                raise InvalidArgumentError(
                    f"{alias!r} is another name of {name!r}; both were given.",
                    field=alias,
                    next_step=f"Send only {name}.",
                )
            renamed[name] = renamed.pop(alias)
        return renamed


@dataclass(frozen=True, slots=True)
class SchemaTool(Tool):
    """A tool whose input schema is given; its function takes `(ctx, arguments)` as they came."""

    _check: Callable[[Mapping[str, Any], str], None]

    def checked(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Tool.checked`."""
        self._check(arguments, self.name)
        return arguments

    async def call(self, context: ToolContext, arguments: Mapping[str, Any]) -> Any:
        """See `Tool.call`."""
        self._check(arguments, self.name)
        returned = await self.function(context, arguments)
        return self._writer()(returned, None)


def tool(
    *,
    title: str,
    read_only: bool = False,
    destructive: bool = False,
    idempotent: bool | None = None,
    open_world: bool = False,
    needs: Sequence[RestCall] = (),
    aliases: Sequence[str] = (),
    parameter_aliases: Mapping[str, str] | None = None,
    input_schema: Mapping[str, Any] | None = None,
    confirm: Confirm | None = None,
    app: str = "",
) -> Callable[[ToolFunction], Tool]:
    """Turn an async function `(ctx, …) -> payload` into a Tool.

    The name is the function's; the description is the docstring before `Args:`; each parameter
    needs a line there. `idempotent` defaults to `read_only`. A function that answers `Content`
    has no output schema; one that answers `Illustrated[payload]` has that of the payload. `app` is
    the `ui://` resource with which hosts of MCP Apps show what it answers. `confirm` is the
    question to a person before a call of a `destructive` tool. A listing, which takes
    `limit` and `cursor`, takes `fields` too and need not know. With an `input_schema`, which is
    listed word for word, the function is `(ctx, arguments)`.

    Raises:
        PluginError: the function breaks one of these rules.
    """

    def build(function: ToolFunction) -> Tool:
        description, _ = schema.split_docstring(function)
        if not inspect.iscoroutinefunction(function) or not description:
            raise PluginError(f"{function.__name__}: a tool is an async function with a docstring")
        if confirm is not None and not destructive:
            raise PluginError(
                f"{function.__name__}: a person is asked before tools that are `destructive`: set "
                "that, or leave out `confirm`"
            )
        returns, illustrated = returned_by(function)
        rows = rows_of(function, returns) if input_schema is None else None
        arguments = (
            cache(partial(_arguments_model, function, rows)) if input_schema is None else _unread
        )
        definition: dict[str, Any] = {
            "name": function.__name__,
            "title": title,
            "description": description,
            **_schemas(function, returns, arguments, input_schema),
            "annotations": {
                "title": title,
                "readOnlyHint": read_only,
                "destructiveHint": destructive,
                "idempotentHint": read_only if idempotent is None else idempotent,
                "openWorldHint": open_world,
            },
        }
        if app:
            # hosts of the first generation look for the flat key
            definition["_meta"] = {"ui": {"resourceUri": app}, "ui/resourceUri": app}
        orjson.dumps(definition)
        members: dict[str, Any] = {
            "name": function.__name__,
            "function": function,
            "definition": MappingProxyType(definition),
            "scope": READ if read_only else WRITE,
            "needs": tuple(needs),
            "aliases": tuple(aliases),
            "parameter_aliases": MappingProxyType(dict(parameter_aliases or {})),
            "_arguments": arguments,
            "_writer": cache(partial(_writer, returns, illustrated)),
            "_rows": rows,
            "confirm": confirm,
        }
        if input_schema is None:
            return Tool(**members)
        return SchemaTool(**members, _check=schema.checker(definition["inputSchema"]))

    return build


def compiled(tool: Tool) -> dict[str, Any]:
    """What `schemas.json` of a plugin holds of one of its tools: see `registry.shipped`."""
    returns, _ = returned_by(tool.function)
    return {
        "fingerprint": fingerprint(tool.function, returns),
        "inputSchema": schema.input_schema(tool._arguments()),  # noqa: SLF001 - a friend
        "outputSchema": _object_schema(tool.name, returns),
    }


def _schemas(
    function: ToolFunction,
    returns: Any,
    arguments: Callable[[], type[BaseModel]],
    given: Mapping[str, Any] | None,
) -> dict[str, Any]:
    found = shipped(function, returns) if given is None else None
    if found is not None:
        return {key: found[key] for key in ("inputSchema", "outputSchema")}
    schemas = {"inputSchema": schema.input_schema(arguments()) if given is None else dict(given)}
    if returns is not Content:
        schemas["outputSchema"] = _object_schema(function.__name__, returns)
    return schemas


def _arguments_model(function: ToolFunction, rows: Rows | None) -> type[BaseModel]:
    more: dict[str, Any] = {}
    if rows:
        more[FIELDS] = (list[str], Field(default_factory=list, description=DESCRIPTION))
    return schema.arguments_model(function, more)


def returned_by(function: ToolFunction) -> tuple[Any, bool]:
    """The payload that a function answers, and whether with blocks beside it."""
    returns: Any = get_type_hints(function).get("return")
    if get_origin(returns) is Illustrated:
        return get_args(returns)[0], True
    return returns, False


def _writer(returns: Any, illustrated: bool) -> Writer:
    return blocks_as_they_are if returns is Content else writer(returns, illustrated=illustrated)


def _unread() -> type[BaseModel]:
    return _Unread


def _object_schema(name: str, returns: Any) -> dict[str, Any]:
    found = schema.output_schema(returns) if returns is not None else {}
    if found.get("type") != "object":
        raise PluginError(f"{name}: a tool returns a payload, which is an object on the wire")
    return found
