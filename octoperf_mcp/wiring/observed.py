"""What the log, the metrics and the traces are told of each request."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from octoperf_mcp.config import Settings
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.observability.metrics import Metrics
from octoperf_mcp.protocol.relay import Relay
from octoperf_mcp.transport.facts import RPC_FACTS
from octoperf_mcp.transport.streamable_http import McpEndpoint

if TYPE_CHECKING:
    from octoperf_mcp.observability.spans import Spans

_FIRST_REFUSAL: Final = 400
_CLIENT_LEFT: Final = 499


def describe(request: web.Request) -> dict[str, Any]:
    """What the log says of a request beside its path and status."""
    facts = request.get(RPC_FACTS)
    if facts is None:
        return {}
    told: dict[str, Any] = {"rpc_method": facts.method, "protocol_version": facts.version}
    if facts.name:
        told["tool"] = facts.name
    if facts.trace_id:
        told["trace_id"] = facts.trace_id
    if facts.code:
        told["rpc_code"] = facts.code
    if facts.tool_error:
        told |= {"outcome": "tool_error", "error_code": facts.tool_error}
    return told


def observe(
    metrics: Metrics, spans: "Spans | None", request: web.Request, status: int, seconds: float
) -> None:
    """Count a request that was answered, and end its span."""
    facts = request.get(RPC_FACTS)
    if facts is None:
        if request.path.startswith("/mcp"):
            metrics.answered(status)
        return
    metrics.answered(status)
    outcome = facts.tool_error or ("protocol_error" if facts.code else _outcome(status))
    metrics.called(facts.method, facts.name, outcome, seconds)
    if spans is not None and facts.span is not None:
        spans.end(facts.span, outcome)


def _outcome(status: int) -> str:
    if status < _FIRST_REFUSAL:
        return "ok"
    return "cancelled" if status == _CLIENT_LEFT else "refused"


def make_spans(settings: Settings) -> "Spans | None":
    """What makes spans, where they are wanted.

    Raises:
        ConfigError: OpenTelemetry is not installed.
    """
    if not settings.traces.enabled:
        return None
    try:
        from octoperf_mcp.observability.spans import Spans  # noqa: PLC0415 - an extra

        return Spans()
    except ImportError as error:
        raise ConfigError(
            "[traces] enabled needs the extra `otel`: pip install 'octoperf-mcp[otel]'"
        ) from error


async def close_spans(spans: "Spans", _app: web.Application) -> AsyncIterator[None]:
    """Send what spans are left at the end."""
    yield
    await asyncio.to_thread(spans.close)


def add_gauges(metrics: Metrics, endpoint: McpEndpoint, shared: Relay) -> None:
    """What is going on here; `shared` is what replicas share."""
    metrics.gauge(
        "octoperf_mcp_calls_under_way", "Requests being answered.", (), endpoint.under_way
    )
    metrics.gauge("octoperf_mcp_streams_open", "Open event streams.", (), endpoint.open_streams)
    metrics.gauge(
        "octoperf_mcp_shared_store_up",
        "0 while Redis, where replicas share it, is away.",
        (),
        lambda: {(): float(not shared.trouble())},
    )
