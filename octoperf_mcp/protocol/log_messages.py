"""`logging/setLevel` and who wants which log messages (server/utilities/logging; deprecated).

A stateless request says its level itself. A legacy session's level is kept in this process only:
where a replica does not know it, the default holds, which costs a client a few messages.
"""

from typing import Final

from octoperf_mcp.errors import InvalidParamsError
from octoperf_mcp.protocol import jsonrpc, results
from octoperf_mcp.protocol.exchange import LOG_LEVELS, Exchange, Reply

DEFAULT_LEVEL: Final = "info"
_KEPT_SESSIONS: Final = 10_000


class SessionLevels:
    """The level that each legacy session asked for."""

    def __init__(self) -> None:
        self._levels: dict[str, str] = {}

    def of(self, session_id: str) -> str:
        """The level of a session."""
        return self._levels.get(session_id, DEFAULT_LEVEL)

    def set_level(self, exchange: Exchange) -> Reply:
        """Answer `logging/setLevel`.

        Raises:
            InvalidParamsError: there is no such level.
        """
        level = results.text_param(results.params_of(exchange), "level")
        if level not in LOG_LEVELS:
            raise InvalidParamsError("No such level.", data={"allowed": list(LOG_LEVELS)})
        if len(self._levels) >= _KEPT_SESSIONS:
            self._levels.clear()
        self._levels[exchange.session_id] = level
        return Reply(jsonrpc.result(exchange.request.id_json, b"{}"))
