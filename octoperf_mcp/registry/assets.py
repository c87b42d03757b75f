"""What is read rather than called: resources, prompts, public files."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from octoperf_mcp.registry.content import Block
from octoperf_mcp.registry.context import ToolContext


@dataclass(frozen=True, slots=True)
class PublicAsset:
    """A file served without credentials at `/mcp/public/<path>`.

    Args:
        path: Below `/mcp/public/`, for example `skills/scheduling.md`.
        media_type: For example `text/markdown; charset=utf-8`.
        content: The bytes, read at start.
        resource_uri: MCP resource with the same bytes, or empty.
        title: For listings; a Markdown text has it in its first heading.
        description: One sentence, for listings; a Markdown text has it in its front matter.
    """

    path: str
    media_type: str
    content: bytes = field(repr=False)
    resource_uri: str = ""
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """An MCP resource; `read` is given the context and the values of the template's variables.

    `uri` holds `{variables}` (RFC 6570, simple expansion) when it is a template. `complete`
    answers the values for one variable: `(context, variable, prefix, known values)`. `meta` goes
    with the contents as `_meta`.
    """

    uri: str
    name: str
    title: str
    description: str
    media_type: str
    read: Callable[[ToolContext, Mapping[str, str]], Awaitable[str | bytes]]
    complete: (
        Callable[[ToolContext, str, str, Mapping[str, str]], Awaitable[Sequence[str]]] | None
    ) = None
    meta: Mapping[str, Any] | None = None

    @property
    def is_template(self) -> bool:
        """Whether the address holds variables."""
        return "{" in self.uri


@dataclass(frozen=True, slots=True)
class PromptArgument:
    """One argument of a prompt; values are text."""

    name: str
    description: str
    required: bool = False


Messages = str | Sequence[Block]
"""The text of one user message, or one user message for each block."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """An MCP prompt; `render` answers its messages, or `compose` where that takes a context.

    `tools` are those that the prompt asks for: it is listed only where all of them are.
    """

    name: str
    title: str
    description: str
    arguments: tuple[PromptArgument, ...]
    render: Callable[[Mapping[str, str]], Messages] = lambda _: ""
    compose: Callable[[ToolContext, Mapping[str, str]], Awaitable[Messages]] | None = None
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """Proposes values for the prompt arguments of one name, from the live account.

    `complete` is given the context, what was typed, and the arguments that are known already; it
    answers the best values first. A NotFoundError from it means: no values.
    """

    argument: str
    complete: Callable[[ToolContext, str, Mapping[str, str]], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class ConfigSection:
    """A section of the configuration: its name and a frozen dataclass with defaults."""

    name: str
    settings: type[Any]
