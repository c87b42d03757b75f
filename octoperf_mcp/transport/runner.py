"""The runner that serves production, tests and benches alike."""

from typing import Final

from aiohttp import web

MAX_FIELD_BYTES: Final = 32 * 1024
"""Of one header field, and of the request line: a long token and a Base64 `Mcp-Name` fit."""
IDLE_S: Final = 75.0
"""How long a connection may go without a whole request head, be it idle or dripping one."""


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
        handler_cancellation=True,
        max_field_size=MAX_FIELD_BYTES,
        max_line_size=MAX_FIELD_BYTES,
        keepalive_timeout=idle_s,
        shutdown_timeout=shutdown_timeout,
    )
