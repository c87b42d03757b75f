"""WebSocket: actions that open, write, read, ping and close, played by the load engine."""

from collections.abc import Iterable

from octoperf_mcp import ActionType, hookimpl
from octoperf_websocket.kinds import KINDS

octoperf_mcp_api = ">=1.0,<2"


@hookimpl
def register_action_types() -> Iterable[ActionType]:
    """The actions, and the elements of JMeter's that they play too."""
    return KINDS
