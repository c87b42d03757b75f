"""The log of a server under test goes where pytest shows it: with the test that failed."""

import contextlib
import logging
from collections.abc import Iterator

import structlog

from octoperf_mcp.observability.logs import hide_secrets


@contextlib.contextmanager
def logged() -> Iterator[None]:
    """Hand log lines to the standard library, readable, as long as the context is open."""
    before = structlog.get_config()
    quiet = logging.NullHandler()  # nobody else prints a line between two tests
    root = logging.getLogger("octoperf_mcp")
    root.addHandler(quiet)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            hide_secrets,
            structlog.dev.ConsoleRenderer(colors=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: root,
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)
        root.removeHandler(quiet)
