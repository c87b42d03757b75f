"""Tickets: presigned addresses through which a client moves bytes by itself.

An agent's tool calls are no place for files, so a tool that takes or gives one answers an address
on the REST origin that works once, for about five minutes, without a token.
"""

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.listings import epoch_ms
from octoperf_mcp.registry.payloads import payload
from octoperf_mcp.registry.rest_calls import RestCall

PRESIGN = RestCall("POST", "/presigned-urls", body="json", answer="PresignedUrl")
"""To be registered by every plugin that makes upload tickets."""
PRESIGN_DOWNLOAD = RestCall(
    "POST", "/presigned-urls", body="json", answer="PresignedUrl", reads=True
)
"""The same for downloads, which a read-only connection may have."""


@payload
class Ticket:
    """Where to send or fetch the bytes: `url` works once; `pageUrl` is the page for people."""

    url: str
    method: str
    expires_at: str
    instructions: str
    page_url: str


async def upload_ticket(
    ctx: ToolContext,
    call: RestCall,
    /,
    *,
    media_type: str,
    suffix: str,
    then: str,
    page_url: str,
    instead: str = "",
    fields: Mapping[str, str] | None = None,
    **values: Any,
) -> Ticket:
    """A ticket for one multipart POST.

    Args:
        ctx: Of the tool.
        call: What takes the upload.
        media_type: Content-Type of the part `file`.
        suffix: How the names of such files end (`.har`).
        then: What the POST answers and what to do with it.
        page_url: Page of the web UI where the same can be done by hand.
        instead: What else a client may do that cannot reach the address, before asking the user.
        fields: Further parts of text, before the file.
        values: Path and query values of `call` by snake_case name; None is left out.
    """
    signed = await _presigned(ctx, call, values)
    parts = [f"{name}={text}" for name, text in (fields or {}).items()]
    form = " -F ".join(map(shlex.quote, [*parts, f"file=@PATH{suffix};type={media_type}"]))
    return Ticket(
        url=signed["url"],
        method="POST",
        expires_at=_iso(signed.get("expiresAt")),
        instructions=(
            f"Send one multipart/form-data POST with the file in the part 'file' ({media_type}) "
            f"and no Authorization header; PATH{suffix} stands for your file:\n"
            f"curl -sS -X POST -F {form} {shlex.quote(signed['url'])}\n{then} The address works "
            f"once and only until expiresAt; call the tool again for another. {_allow(signed)} "
            f"{instead or 'Or '}ask the user to upload the file on pageUrl."
        ),
        page_url=page_url,
    )


async def download_ticket(
    ctx: ToolContext, call: RestCall, /, *, page_url: str, **values: Any
) -> Ticket:
    """A ticket for one GET of the bytes that `call` answers; values as in `upload_ticket`."""
    signed = await _presigned(ctx, call, values)
    return Ticket(
        url=signed["url"],
        method="GET",
        expires_at=_iso(signed.get("expiresAt")),
        instructions=(
            "Fetch the bytes with one GET and no Authorization header; PATH stands for the file to "
            f"write:\ncurl -sS -f -o PATH {shlex.quote(signed['url'])}\n"
            "The address works once and only until expiresAt; call the tool again for another. "
            f"{_allow(signed)} Or give the user the address, to open it in a browser."
        ),
        page_url=page_url,
    )


def _allow(signed: Mapping[str, Any]) -> str:
    host = urlsplit(signed["url"]).netloc
    return f"In a sandbox that does not reach {host}, an administrator must allow that host."


async def _presigned(ctx: ToolContext, call: RestCall, values: dict[str, Any]) -> dict[str, Any]:
    query = {
        wire_name: str(values[name])
        for wire_name, name in call.query_names
        if values.get(name) is not None
    }
    body = {"method": call.method, "path": call.template.fill(values), "query": query}
    signed: dict[str, Any] = await ctx.rest(PRESIGN_DOWNLOAD if call.safe else PRESIGN, body=body)
    return signed


def _iso(value: Any) -> str:
    moment = datetime.fromtimestamp((epoch_ms(value) or 0) / 1000, UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
