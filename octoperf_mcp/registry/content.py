"""Results that are no payload: content blocks as the protocol has them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Block = Mapping[str, Any]
"""A content block in its wire form: text, image, audio, resource, resource_link."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a tool answers that has no output schema.

    `structured` is sent as `structuredContent` where given; `is_error` marks a failure that the
    agent can act on.
    """

    blocks: tuple[Block, ...]
    structured: Mapping[str, Any] | None = None
    is_error: bool = False

    def members(self) -> dict[str, Any]:
        """The members of the call's result, JSON-ready."""
        members: dict[str, Any] = {"content": list(self.blocks)}
        if self.structured is not None:
            members["structuredContent"] = self.structured
        if self.is_error:
            members["isError"] = True
        return members


P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Illustrated(Generic[P]):
    """A payload as any tool answers it, and blocks beside its text, such as a picture."""

    payload: P
    blocks: tuple[Block, ...] = ()


def text_block(text: str) -> Block:
    """Plain text."""
    return {"type": "text", "text": text}


def image_block(image: bytes, media_type: str) -> Block:
    """A picture."""
    return {"type": "image", "data": _base64(image), "mimeType": media_type}


def audio_block(audio: bytes, media_type: str) -> Block:
    """A sound."""
    return {"type": "audio", "data": _base64(audio), "mimeType": media_type}


def resource_block(uri: str, media_type: str, text: str) -> Block:
    """A resource with its text, so that the client need not read it."""
    return {"type": "resource", "resource": {"uri": uri, "mimeType": media_type, "text": text}}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
