"""Which optional REST calls an upstream answers (`GET /capabilities`); the original has none."""

import asyncio
import time
from collections.abc import Callable

from octoperf_mcp.errors import NotFoundError, UnavailableError, UpstreamError
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.upstream.calls import CAPABILITIES
from octoperf_mcp.upstream.client import RestClient
from octoperf_mcp.upstream.retries import is_outage

_REMEMBER_S = 300.0
_RETRY_S = 5.0
_SERVER_FAILURE = 500


class Capabilities:
    """Asks once, as the first caller, and remembers: what an upstream can do is no secret."""

    def __init__(self, client: RestClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._known = client.offered(())
        self._until = 0.0
        self._epoch = 0
        self._asking = asyncio.Lock()

    async def offered(self, caller: Caller) -> frozenset[str]:
        """Endpoints (`GET /x/{id}`) of the optional calls that work; empty when in doubt.

        Nothing is asked without a token, which only a server without authentication lacks.
        """
        if not caller.token:
            return frozenset()
        if self._clock() < self._until:
            return self._known
        async with self._asking:
            if self._clock() >= self._until:
                await self._ask(caller)
        return self._known

    def forget(self) -> None:
        """Ask again, since the upstream is no longer what it was."""
        self._until = 0.0
        self._epoch += 1

    async def _ask(self, caller: Caller) -> None:
        remember_s, epoch = _REMEMBER_S, self._epoch
        try:
            answer = await self._client.call(CAPABILITIES, caller, {})
        except NotFoundError:
            answer = None
        except UnavailableError as error:
            answer = None
            remember_s = _REMEMBER_S if _answered_otherwise(error) else _RETRY_S
        except UpstreamError:
            answer, remember_s = None, _RETRY_S
        calls = answer.get("calls") if isinstance(answer, dict) else None
        found = calls if isinstance(calls, list) else []
        self._known = self._client.offered(call for call in found if isinstance(call, str))
        if epoch == self._epoch:
            self._until = self._clock() + remember_s


def _answered_otherwise(error: UnavailableError) -> bool:
    """Whether the upstream answered, with a page or a redirect."""
    return not is_outage(error) and error.status < _SERVER_FAILURE
