"""The trace that a request belongs to (W3C Trace Context), passed on to the REST API.

A client names it in the fields `traceparent` and `tracestate`, or in `_meta` of the message, which
counts more since it is about this very call.
"""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final

PARENT: Final = "traceparent"
STATE: Final = "tracestate"
_VALID: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_STATE: Final = re.compile(r"[\x20-\x2b\x2d-\x7e,]{1,512}")

FIELDS: Final[ContextVar[str]] = ContextVar("octoperf_mcp_trace", default="")
"""Header lines of REST calls made on behalf of the request; empty without a trace."""


def adopt(headers: Mapping[str, str], meta: Any = None) -> str:
    """Take over the trace of a request; answers its id, empty where there is none."""
    source: Mapping[str, Any] = headers
    if isinstance(meta, dict) and PARENT in meta:
        source = meta
    parent = source.get(PARENT)
    if not isinstance(parent, str) or not _VALID.fullmatch(parent):
        return ""
    lines = f"{PARENT}: {parent}\r\n"
    state = source.get(STATE)
    if isinstance(state, str) and _STATE.fullmatch(state):
        lines += f"{STATE}: {state}\r\n"
    FIELDS.set(lines)
    return parent[3:35]
