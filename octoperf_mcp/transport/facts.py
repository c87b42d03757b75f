"""What the request log should know of one message."""

from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web


@dataclass(slots=True)
class RpcFacts:
    """What the request log should know of one message.

    `name` is the tool, prompt or address asked for; `code` the JSON-RPC error, 0 for a result;
    `tool_error` the stable code of a tool's failure; `streamed` whether the answer was events;
    `trace_id` that of the client's trace, `span` what was begun for it.
    """

    method: str
    name: str = ""
    version: str = ""
    request_id: str = ""
    code: int = 0
    tool_error: str = ""
    streamed: bool = False
    trace_id: str = ""
    span: Any = None


RPC_FACTS: Final = web.RequestKey("octoperf_mcp_rpc", RpcFacts)
"""On each request to `/mcp` whose body was read."""
