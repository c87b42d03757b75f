"""The runner that serves production, tests and benches alike."""

import logging
from typing import Final

from aiohttp import ClientConnectionResetError, web
from aiohttp.http_exceptions import BadHttpMessage

MAX_FIELD_BYTES: Final = 32 * 1024
"""Of one header field, and of the request line: a long token and a Base64 `Mcp-Name` fit."""
IDLE_S: Final = 75.0
"""How long a connection may go without a whole request head, be it idle or dripping one."""

_log: Final = logging.getLogger("octoperf_mcp.http")


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a failure that aiohttp logs, with all its bytes, is one of ours.

    A client that left has its line in the request log. What is no HTTP may hold a credential.
    """
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, BadHttpMessage | ClientConnectionResetError)


_log.addFilter(_is_ours)


def make_runner(
    app: web.Application, *, shutdown_timeout: float = 5, idle_s: float = IDLE_S
) -> web.AppRunner:
    """A runner that tells handlers when their client has left.

    Without `handler_cancellation` stateless calls would go on for nobody. aiohttp would keep a
    connection that never ends its request head for an hour.
    """
    return web.AppRunner(
        app,
        access_log=None,
        logger=_log,
        handler_cancellation=True,
        max_field_size=MAX_FIELD_BYTES,
        max_line_size=MAX_FIELD_BYTES,
        keepalive_timeout=idle_s,
        shutdown_timeout=shutdown_timeout,
    )
