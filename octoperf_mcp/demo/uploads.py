"""Uploads to presigned addresses, as the tickets tell an agent to make them."""

from typing import Any

import aiohttp
import orjson

from octoperf_mcp.demo.actors import DemoError

_ACCEPTED = frozenset({200, 201})


async def upload(url: str, name: str, content: bytes) -> dict[str, Any]:
    """POST a recording; answers the new virtual user."""
    form = aiohttp.FormData()
    form.add_field("file", content, filename=name, content_type="application/json")
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as response:
        body = await response.read()
        if response.status not in _ACCEPTED:
            raise DemoError(f"The upload was refused: HTTP {response.status}.")
    entity: dict[str, Any] = orjson.loads(body)
    return entity


async def status_of_second_upload(url: str) -> int:
    """HTTP status of using an address again."""
    async with aiohttp.ClientSession() as session, session.post(url, data=b"") as response:
        return response.status
