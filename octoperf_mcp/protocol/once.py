"""Calls with an `idempotencyKey`: done once, answered as often as they are sent.

What the first call answered is kept for its user; the same key with the same arguments gets that
answer, also when it comes while the first is under way, or at another replica. The work goes on
when its client goes, since that is when clients send a call again.
"""

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
import structlog

from octoperf_mcp.errors import (
    STORE_RETRY_S,
    ConflictError,
    InvalidArgumentError,
    OctoPerfMcpError,
    StoreUnavailableError,
    ToolError,
    UnavailableError,
    UpstreamError,
)
from octoperf_mcp.protocol.kept_values import KeptValues
from octoperf_mcp.registry.context import Caller, ToolContext
from octoperf_mcp.registry.rest_calls import RestCall

_log = structlog.get_logger(__name__)

KEY: Final = "idempotencyKey"
LIFE_S: Final = 24 * 3600
MAX_KEY_CHARS: Final = 128
_PATIENCE_S: Final = 25.0
_POLL_S: Final = 0.2
_RUNNING_S: Final = 600.0
"""After which a call that did not end was cut off, with its server."""

_REFUSED: Final = range(400, 500)

Work = Callable[[ToolContext], Awaitable[Any]]
"""What the tool does, with the context it shall use."""


class UnknownOutcomeError(ToolError):
    """The first call with this key was cut off after it may have changed something."""

    code = "unknown_outcome"


class StillRunningError(ToolError):
    """The first call with this key has not ended yet."""

    code = "still_running"


class Once:
    """Does each keyed call of a user once.

    Args:
        values: Where answers are kept.
        now: Epoch seconds.
    """

    def __init__(self, values: KeptValues, now: Callable[[], float] = time.time) -> None:
        self._values = values
        self._now = now
        self._running: set[asyncio.Task[Any]] = set()

    async def call(
        self,
        context: ToolContext,
        tool: str,
        arguments: Mapping[str, Any],
        key: Any,
        *,
        first: Callable[[], Awaitable[None]],
        work: Work,
    ) -> Any:
        """The answer of the first call with this key, which may be this one.

        Args:
            context: Of the call.
            tool: Name of the tool.
            arguments: Without the key.
            key: As it was sent.
            first: Awaited before the work, where this is the first call.
            work: The work.

        Raises:
            ToolError: the key was used for something else, or the first call has no answer.
        """
        _check(key)
        name = hashlib.sha256(key.encode()).hexdigest()
        digest = _digest(tool, arguments)
        try:
            ends_at = self._now() + _PATIENCE_S
            asked = False
            while True:
                kept = await self._values.get(context.caller, name)
                if kept is not None:
                    answer = self._told(orjson.loads(kept), digest, ends_at)
                    if answer is not None:
                        return answer
                    await asyncio.sleep(_POLL_S)
                    continue
                if not asked:
                    await first()
                    asked = True
                if await self._claim(context.caller, name, digest):
                    break
        except StoreUnavailableError as error:
            raise UnavailableError(
                "The idempotencyKey cannot be looked up now, so nothing was done.",
                next_step="Send the same call again in a few seconds.",
                retry_after_s=STORE_RETRY_S,
            ) from error
        task = asyncio.get_running_loop().create_task(self._do(context, name, digest, work))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()

    async def _claim(self, caller: Caller, name: str, digest: str) -> bool:
        running = self._packed("running", digest)
        return await self._values.put(caller, name, running, LIFE_S, only_new=True)

    def _packed(self, state: str, digest: str, result: str = "") -> bytes:
        return orjson.dumps([state, digest, self._now(), result, secrets.token_hex(4)])

    def _told(self, kept: list[Any], digest: str, ends_at: float) -> bytes | None:
        """The first answer, None while it is waited for."""
        state, first_digest, since, result, _ = kept
        if first_digest != digest:
            raise InvalidArgumentError(
                "This idempotencyKey was used within the last 24 h for another call.",
                field=KEY,
                next_step="Send a new key, or the very arguments of the first call.",
            )
        if state == "done":
            return _replayed(result)
        if state == "unknown" or self._now() > since + _RUNNING_S:
            raise UnknownOutcomeError(
                "The first call with this idempotencyKey was cut off; it may have done its work.",
                next_step="List what is there. If it is not there, call again with a new key.",
                details={"field": KEY},
            )
        if self._now() > ends_at:
            raise StillRunningError(
                "The first call with this idempotencyKey is still under way.",
                next_step="Send the same call again in a few seconds.",
                details={"field": KEY},
            )
        return None

    async def _do(self, context: ToolContext, name: str, digest: str, work: Work) -> Any:
        watched = _Watched(context)
        try:
            content = await work(watched)
        except BaseException as error:
            with contextlib.suppress(OctoPerfMcpError):
                if watched.may_have_changed(error):
                    unknown = self._packed("unknown", digest)
                    await self._values.put(context.caller, name, unknown, LIFE_S)
                else:
                    await self._values.drop(context.caller, name)
            raise
        if isinstance(content, bytes):
            done = self._packed("done", digest, content.decode())
            try:
                await self._values.put(context.caller, name, done, LIFE_S)
            except OctoPerfMcpError as error:
                _log.warning("first_answer_not_kept", error_code=error.code)
        return content


class _Watched:
    """A context that knows whether its tool tried to change something."""

    def __init__(self, context: ToolContext) -> None:
        self._context = context
        self._writes = 0

    async def rest(self, call: RestCall, /, *, body: Any = None, **values: Any) -> Any:
        """See `ToolContext.rest`."""
        if call.method != "GET":
            self._writes += 1
        return await self._context.rest(call, body=body, **values)

    def may_have_changed(self, error: BaseException) -> bool:
        """Whether a failed call may have done something: not when its only write was refused."""
        refused = isinstance(error, UpstreamError) and error.status in _REFUSED
        return self._writes > (1 if refused or isinstance(error, ConflictError) else 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def _check(key: Any) -> None:
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY_CHARS:
        raise InvalidArgumentError(
            f"{KEY} is a text of 1 to {MAX_KEY_CHARS} characters.",
            field=KEY,
            next_step="Send a new random key for each thing that you want to do.",
        )


def _digest(tool: str, arguments: Mapping[str, Any]) -> str:
    written = orjson.dumps([tool, dict(arguments)], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(written).hexdigest()


def _replayed(result: str) -> bytes:
    document = orjson.loads(result)
    return orjson.dumps({**document, "replayed": True})
