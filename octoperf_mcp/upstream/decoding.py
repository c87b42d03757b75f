"""From the bytes of an answer to what its call promises, whatever its Content-Type claims."""

import asyncio
from typing import Any, Final

import orjson

from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.upstream.failures import otherwise
from octoperf_mcp.upstream.http1 import Answer

_PARSE_IN_THREAD_BYTES: Final = 2 * 1024 * 1024
_PAGE: Final = b"text/html"


async def decoded(call: RestCall, answer: Answer) -> Any:
    """Decoded JSON, text, bytes or None, as `call.answer` says.

    Raises:
        UnavailableError: it is something else: a page for signing in, most often.
    """
    body = answer.body
    if call.answer == "bytes":
        return body or None
    if call.answer in {"none", "text"}:
        if answer.fields.get(b"content-type", b"").lower().startswith(_PAGE):
            raise otherwise(call, "a web page")
        return body.decode("utf-8", "replace") if body and call.answer == "text" else None
    if not body:
        return None
    try:
        if len(body) > _PARSE_IN_THREAD_BYTES:
            found = await asyncio.to_thread(orjson.loads, body)
        else:
            found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise otherwise(call, "something that is not JSON") from error
    if call.answer.endswith("[]") and not isinstance(found, list):
        raise otherwise(call, f"JSON that is no {call.answer}")
    return found
