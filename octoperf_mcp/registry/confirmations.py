"""What a person is asked before a tool destroys, stops or spends something."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.rest_calls import RestCall


@dataclass(frozen=True, slots=True)
class Stake:
    """What is at stake in one call: the question, and which state of the thing it is about."""

    question: str
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Confirm:
    """The question before a tool's call.

    Args:
        question: With `{name}` for the thing's name and `{thingId}` for arguments.
        read: Reads the thing, so that a person sees its name and an answer holds for its state.
        ids: For each value of the read's path, in snake_case, the argument that gives it.
    """

    question: str
    read: RestCall | None = None
    ids: Mapping[str, str] = field(default_factory=dict)

    async def stake(self, context: ToolContext, arguments: Mapping[str, Any]) -> Stake:
        """The question of one call.

        Raises:
            ToolError: the thing cannot be read.
        """
        told = {key: str(value)[:200] for key, value in arguments.items()}
        if self.read is None:
            return Stake(_filled(self.question, told))
        values = {name: arguments[given] for name, given in self.ids.items()}
        found = await context.rest(self.read, **values)
        written = orjson.dumps(found, option=orjson.OPT_SORT_KEYS)
        told["name"] = _name_of(found) or next(iter(values.values()), "")
        return Stake(_filled(self.question, told), hashlib.sha256(written).hexdigest())


def _filled(question: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        question = question.replace("{" + name + "}", value)
    return question


def _name_of(found: Any) -> str:
    """The name of a document, or of the one that it wraps."""
    if not isinstance(found, dict):
        return ""
    inner = (value for value in found.values() if isinstance(value, dict) and "name" in value)
    return str(found.get("name") or next(inner, {}).get("name") or "")[:200]
