"""Requests to handshake clients: sent on a call's stream, answered by a POST of their own.

The answer may come in at another replica, so it goes through the relay. The id of a request is
sealed for its session: what nobody asked is dropped before it takes memory.
"""

from collections.abc import Callable
from typing import Any, Final

import orjson

from octoperf_mcp.errors import STORE_RETRY_S, StoreUnavailableError, ToolError, UnavailableError
from octoperf_mcp.protocol import jsonrpc
from octoperf_mcp.protocol.relay import Relay, session_key
from octoperf_mcp.protocol.seals import Seal

PATIENCE_S: Final = 600.0
"""How long a person may think."""

_MAX_ANSWER_BYTES: Final = 512 * 1024


class Asking:
    """Questions to clients and their answers."""

    def __init__(self, relay: Relay, seal: Seal) -> None:
        self._relay = relay
        self._seal = seal

    async def ask(
        self,
        session_id: str,
        notify: Callable[[bytes], None],
        method: str,
        params: dict[str, Any],
    ) -> Any:
        """Ask on a stream of the session, and wait for the result.

        Raises:
            ToolError: the client refused, or answered nothing in ten minutes.
            UnavailableError: no answer could arrive.
        """
        rpc_id = self._seal.seal(b"", session_id.encode())
        log = _log(session_id, rpc_id)
        try:
            await self._relay.last(log)
        except StoreUnavailableError as away:
            raise UnavailableError(
                "The user cannot be asked now, since no answer would arrive; nothing was done.",
                next_step="Send the same call again in a few seconds.",
                retry_after_s=STORE_RETRY_S,
            ) from away
        notify(jsonrpc.request(rpc_id, method, params))
        answers = await self._relay.read({log: 0}, PATIENCE_S)
        await self._relay.forget(log)
        if not answers:
            raise ToolError(f"The client did not answer {method} in time.")
        result, error = orjson.loads(answers[0].data)
        if error is not None:
            told = error.get("message") if isinstance(error, dict) else error
            raise ToolError(f"The client refused {method}: {str(told)[:500]}")
        return result

    async def answered(self, session_id: str, response: jsonrpc.Response) -> None:
        """Pass an answer on, if it answers a question of ours to this session."""
        rpc_id = response.id
        if not isinstance(rpc_id, str) or self._seal.open(rpc_id, session_id.encode()) is None:
            return
        packed = orjson.dumps([response.result, response.error])
        if len(packed) > _MAX_ANSWER_BYTES:
            packed = orjson.dumps([None, {"message": "the answer is too large"}])
        await self._relay.append(_log(session_id, rpc_id), packed)


def _log(session_id: str, rpc_id: str) -> str:
    return f"{session_key(session_id)}/answer/{rpc_id}"
