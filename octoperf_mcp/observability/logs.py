"""Structured logs on structlog, written to standard error; secrets never reach them."""

import asyncio
import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, BinaryIO

import orjson
import structlog

from octoperf_mcp.config import LogSettings

_SECRET_KEYS = re.compile(
    r"token|secret|password|passwd|authorization|cookie|api_?key", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]*"  # a JWT
    r"|(?i:bearer\s+)[\w.~+/=-]+"
    r"|(?<=/public/presigned/)[\w-]+"
    r"|(?<=[?&]code=)[^&\s]+"
)
_MARKS = ("eyj", "bearer", "presigned/", "code=")
"""One of these is in whatever `_SECRET_TEXT` finds, in lower case; looking for it costs less."""

_SUSPECT = (
    *(mark.encode() for mark in _MARKS),
    *(b"token", b"secret", b"passw", b"authorization", b"cookie", b"apikey", b"api_key"),
)
"""One of these is in each line, in lower case, of which something has to be hidden."""

HIDDEN = "[hidden]"

EventDict = MutableMapping[str, Any]


def hide_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Processor: blank the values of secret keys and anything that looks like a credential."""
    for key, value in event.items():
        if _is_secret(key):
            event[key] = HIDDEN
        elif isinstance(value, str):
            event[key] = scrub(value)
    return event


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    return _SECRET_KEYS.search(key) is not None


def scrub(text: str) -> str:
    """`text` without tokens, authorization codes and presigned addresses."""
    lowered = text.lower()
    for mark in _MARKS:
        if mark in lowered:
            return _SECRET_TEXT.sub(HIDDEN, text)
    return text


def to_json(logger: Any, method: str, event: EventDict) -> bytes:
    """The last processor of JSON logs, which does what several of structlog's do: one a request."""
    event = structlog.contextvars.merge_contextvars(logger, method, event)
    event["level"] = method
    event["timestamp"] = datetime.now(UTC)
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, method, event)
    line = _dumped(event)
    lowered = line.lower()
    for mark in _SUSPECT:
        if mark in lowered:
            return _dumped(hide_secrets(logger, method, event))
    return line


class Lines:
    """Writes lines of bytes, from any thread; those of one turn of an event loop in one write."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []
        self._turn: asyncio.AbstractEventLoop | None = None

    def msg(self, line: bytes) -> None:
        """Write a line, within an event loop at its next turn."""
        with self._lock:
            self._waiting.append(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write()
            return
        if self._turn is not loop:
            self._turn = loop
            loop.call_soon(self._write)

    debug = info = warning = error = critical = exception = msg

    def _write(self) -> None:
        self._turn = None
        with self._lock:
            lines, self._waiting = self._waiting, []
            self._file.write(b"\n".join((*lines, b"")))
            self._file.flush()


class Repeating:
    """Lines of JSON that differ in a few members only: what they share is kept, ready and scrubbed.

    Through structlog and all that looks for credentials the line of a request takes 70,000
    instructions more, a tenth of a call of a tool.
    """

    def __init__(self) -> None:
        self._lines: Lines | None = None
        self._processors: list[Any] = []

    def use(self, lines: Lines | None, processors: list[Any]) -> None:
        """Write to these lines, as long as structlog has these processors; to None not at all."""
        self._lines = lines
        self._processors = processors

    def write(
        self, level: str, event: str, fresh: Mapping[str, Any], shared: Mapping[str, Any]
    ) -> bool:
        """Write a line; False where that is left to structlog, as with texts in a console.

        Args:
            level: Name of the level, which is enabled.
            event: What happened.
            fresh: Members that differ each time, and hold nothing that somebody else wrote.
            shared: Members that come again and again, within a few hundred characters.
        """
        lines, now = self._lines, structlog.get_config()["processors"]
        if lines is None or now is not self._processors or now != _TO_JSON_ONLY:
            return False
        own = _dumped({**fresh, "timestamp": datetime.now(UTC)})
        rest = _shared(level, event, tuple(shared), *shared.values())
        lines.msg(b"".join((own[:-1], b",", rest, b"}")))
        return True


@lru_cache(maxsize=512, typed=True)
def _shared(level: str, event: str, names: tuple[str, ...], *values: Any) -> bytes:
    members = hide_secrets(None, level, dict(zip(names, values, strict=True)))
    return _dumped({**members, "event": event, "level": level})[1:-1]


_TO_JSON_ONLY = [to_json]
"""What is left of the processors while nobody captures logs, who changes their very list."""

REPEATING = Repeating()


def configure_logs(settings: LogSettings) -> None:
    """Set structlog and the standard library's logging up for this process."""
    level = logging.getLevelNamesMapping().get(settings.level.upper(), logging.INFO)
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if console
        else structlog.processors.JSONRenderer(serializer=_dumped)
    )
    lines = Lines(sys.stderr.buffer)
    factory: Any = structlog.PrintLoggerFactory(sys.stderr) if console else lambda *_: lines
    processors = [*shared, renderer] if console else [to_json]
    REPEATING.use(None if console else lines, processors)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    _route_standard_logging(shared, renderer, max(level, logging.WARNING))


def _dumped(event: Any, **_options: Any) -> bytes:
    return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z)


def _route_standard_logging(shared: list[Any], renderer: Any, level: int) -> None:
    text = renderer if not isinstance(renderer, structlog.processors.JSONRenderer) else None
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            text or structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
