"""Tools with the arguments that make a repeated or a destructive call safe.

What guards a tool is a tool around it, so whatever lists or calls tools need not know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final

from octoperf_mcp.protocol.confirming import TOKEN, Confirming
from octoperf_mcp.protocol.once import KEY, MAX_KEY_CHARS, Once
from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.tools import Tool

_ONCE_VERBS: Final = frozenset(("create", "import", "run"))
"""First words of the tools that do more each time they are called."""

_KEY_SCHEMA: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_KEY_CHARS,
    "description": "Your own key for this call. Sent again within 24 h with the same arguments, "
    "it gives the first result with replayed: true instead of doing it twice.",
}
_TOKEN_SCHEMA: Final = {
    "type": "string",
    "description": "What a first call without it answered; send it once the user agreed.",
}


@dataclass(frozen=True, slots=True)
class GuardedTool(Tool):
    """A tool behind its guards; `once` is None where its calls may be repeated freely."""

    inner: Tool
    once: Once | None
    confirming: Confirming | None

    async def call(self, context: ToolContext, arguments: Mapping[str, Any]) -> Any:
        """See `Tool.call`."""
        given = dict(arguments)
        key = given.pop(KEY, None) if self.once else None
        token = given.pop(TOKEN, None) if self.confirming and self.confirming.takes_tokens else None
        checked = self.inner.checked(given)

        async def first() -> None:
            if self.confirming is not None:
                await self.confirming.check(context, self.inner, checked, token)

        if self.once is None or key is None:
            await first()
            return await self.inner.call(context, given)
        return await self.once.call(
            context,
            self.name,
            checked,
            key,
            first=first,
            work=lambda watched: self.inner.call(watched, given),
        )


def guarded(registry: Registry, *, once: Once | None, confirming: Confirming) -> Registry:
    """The registry with its tools behind their guards.

    Args:
        registry: What is registered.
        once: For the tools that create, import or run; None where nothing can be kept.
        confirming: For those that destroy, stop or spend.
    """
    tools = {name: _guarded(tool, once, confirming) for name, tool in registry.tools.items()}
    return replace(registry, tools=MappingProxyType(tools))


def _guarded(tool: Tool, once: Once | None, confirming: Confirming) -> Tool:
    keyed = once if tool.name.partition("_")[0] in _ONCE_VERBS else None
    asked = confirming if confirming.wanted(tool) else None
    if tool.definition["annotations"]["readOnlyHint"] or (keyed is None and asked is None):
        return tool
    definition = dict(tool.definition)
    if keyed is not None:
        definition = _with(definition, "inputSchema", {KEY: _KEY_SCHEMA})
        definition = _with(definition, "outputSchema", {"replayed": {"type": "boolean"}})
    if asked is not None and asked.takes_tokens:
        definition = _with(definition, "inputSchema", {TOKEN: _TOKEN_SCHEMA})
    members = {item.name: getattr(tool, item.name) for item in fields(Tool)}
    members["definition"] = MappingProxyType(definition)
    return GuardedTool(**members, inner=tool, once=keyed, confirming=asked)


def _with(definition: dict[str, Any], name: str, more: Mapping[str, Any]) -> dict[str, Any]:
    schema = definition.get(name)
    if schema is None:
        return definition
    properties = {**schema.get("properties", {}), **more}
    return {**definition, name: {**schema, "properties": properties}}
