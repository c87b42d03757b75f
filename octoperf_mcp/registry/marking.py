"""Texts that name tools which the operator turned off say so, wherever an agent reads them.

Plugins name each other's tools in descriptions, prompts, guides and hints, and cannot know what is
on. A name is marked rather than taken out, so that sentences stay whole and the agent knows why it
finds no such tool. Texts of people and platforms (names, logs, bodies) are left alone.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Final

import orjson

from octoperf_mcp.errors import ToolError
from octoperf_mcp.registry.assets import Messages, Prompt, PublicAsset
from octoperf_mcp.registry.content import Content, text_block
from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.tools import Tool

MARK: Final = " (off here)"
_GUIDING: Final = frozenset(
    (
        "caveats",
        "hint",
        "importReport",
        "message",
        "next",
        "note",
        "notes",
        "readWith",
        "reason",
        "warnings",
        "why",
    )
)
"""Members of results that tell an agent what to do."""

_TEXTS: Final = ("text/", "application/json")

Compose = Callable[[ToolContext, Mapping[str, str]], Awaitable[Messages]]


class Marks:
    """Marks the names of tools that are off; false where none is."""

    def __init__(self, off: Iterable[str]) -> None:
        names = "|".join(sorted(off, key=len, reverse=True))
        self._any = re.compile(names.encode())
        self._name = re.compile(rf"(?<![\w/.-])(`?)(?:{names})\b\1(?!{re.escape(MARK)})")
        self._are = bool(names)

    def __bool__(self) -> bool:
        return self._are

    def text(self, text: str) -> str:
        """A text for agents."""
        return self._name.sub(rf"\g<0>{MARK}", text) if self else text

    def content(self, content: Any) -> Any:
        """What a tool answered: JSON, or blocks with the same JSON as their first text."""
        if isinstance(content, bytes):
            if self._any.search(content) is None:
                return content
            return orjson.dumps(self._guidance(orjson.loads(content)))
        if isinstance(content, Content) and content.structured is not None:
            structured = self._guidance(content.structured)
            first = text_block(orjson.dumps(structured).decode())
            return replace(content, structured=structured, blocks=(first, *content.blocks[1:]))
        return content

    def error(self, error: ToolError) -> None:
        """What a tool refused with."""
        error.message = self.text(error.message)
        error.next_step = self.text(error.next_step)

    def described(self, schema: Any) -> Any:
        """A definition of a tool, with its descriptions marked."""
        if isinstance(schema, Mapping):
            return {
                key: self.text(value)
                if key == "description" and isinstance(value, str)
                else self.described(value)
                for key, value in schema.items()
            }
        return [self.described(item) for item in schema] if isinstance(schema, list) else schema

    def messages(self, messages: Messages) -> Messages:
        """What a prompt says."""
        if isinstance(messages, str):
            return self.text(messages)
        return [
            {**block, "text": self.text(block["text"])} if block["type"] == "text" else block
            for block in messages
        ]

    def _guidance(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {
                key: self._all(member) if key in _GUIDING else self._guidance(member)
                for key, member in value.items()
            }
        return [self._guidance(item) for item in value] if isinstance(value, list) else value

    def _all(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._all(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self._all(item) for item in value]
        return self.text(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class _Marked(Tool):
    """A tool whose answers tell what is off."""

    inner: Tool
    marks: Marks

    async def call(self, context: ToolContext, arguments: Mapping[str, Any]) -> Any:
        """See `Tool.call`."""
        try:
            return self.marks.content(await self.inner.call(context, arguments))
        except ToolError as error:
            self.marks.error(error)
            raise

    def checked(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Tool.checked`."""
        return self.inner.checked(arguments)


def marks_of(registry: Registry) -> Marks:
    """The marks of what the operator turned off."""
    return Marks(registry.off)


def marked(registry: Registry) -> Registry:
    """The registry whose texts tell what is off."""
    marks = marks_of(registry)
    if not marks:
        return registry
    return replace(
        registry,
        tools=MappingProxyType({name: _tool(tool, marks) for name, tool in registry.tools.items()}),
        prompts={name: _prompt(prompt, marks) for name, prompt in registry.prompts.items()},
        resources=tuple(
            replace(item, description=marks.text(item.description)) for item in registry.resources
        ),
        public_assets=MappingProxyType(
            {path: _asset(asset, marks) for path, asset in registry.public_assets.items()}
        ),
    )


def _tool(tool: Tool, marks: Marks) -> Tool:
    members = {item.name: getattr(tool, item.name) for item in fields(Tool)}
    members["definition"] = MappingProxyType(marks.described(tool.definition))
    return _Marked(**members, inner=tool, marks=marks)


def _prompt(prompt: Prompt, marks: Marks) -> Prompt:
    return replace(
        prompt,
        description=marks.text(prompt.description),
        arguments=tuple(
            replace(item, description=marks.text(item.description)) for item in prompt.arguments
        ),
        render=lambda values: marks.messages(prompt.render(values)),
        compose=None if prompt.compose is None else _composed(prompt.compose, marks),
    )


def _composed(compose: Compose, marks: Marks) -> Compose:
    async def composed(context: ToolContext, values: Mapping[str, str]) -> Messages:
        return marks.messages(await compose(context, values))

    return composed


def _asset(asset: PublicAsset, marks: Marks) -> PublicAsset:
    if not asset.media_type.startswith(_TEXTS):
        return asset
    return replace(
        asset,
        content=marks.text(asset.content.decode("utf-8")).encode(),
        description=marks.text(asset.description),
    )
