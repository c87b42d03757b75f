"""What tests ask of a server beside MCP: its public files, and its REST API."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession, FormData

from octoperf_mcp.cli.agent import CallFailedError

if TYPE_CHECKING:
    from octoperf_mcp.kit.running import Client


async def public_file(origin: str, path: str) -> str:
    """A file under `/mcp/public/`, without signing in."""
    async with ClientSession() as http, http.get(f"{origin}/mcp/public/{path}") as answer:
        if answer.status != HTTPStatus.OK:
            raise LookupError(f"There is no public file {path!r}.")
        return await answer.text()


async def sent_file(
    client: "Client", address: str, content: bytes, filename: str
) -> dict[str, Any]:
    """What a REST call answers that takes the part `file`."""
    form = FormData()
    form.add_field("file", content, filename=filename)
    async with (
        ClientSession(headers=await client.authorization()) as http,
        http.post(address, data=form) as answer,
    ):
        told: dict[str, Any] = await answer.json()
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise CallFailedError("the import", told)
    return told
