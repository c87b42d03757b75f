"""OpenTelemetry traces (extra `otel`): a span for each MCP request, one below for each REST call.

They continue the client's trace. Where they go is told by OpenTelemetry's own variables
(`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, …). Attributes name
tools and routes, never arguments, ids or people.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from octoperf_mcp import __version__
from octoperf_mcp.observability import tracing

_FIRST_FAILURE: Final = 400
_current: ContextVar[trace.Span | None] = ContextVar("octoperf_mcp_span", default=None)


class Spans:
    """Makes them, and hands them to an exporter in a thread of its own.

    Args:
        exporter: Takes them; by default OTLP over HTTP.
    """

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter,  # costs a tenth of a second
            )

            exporter = OTLPSpanExporter()
        named = Resource.create({"service.version": __version__})
        if str(named.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
            named = named.merge(Resource({SERVICE_NAME: "octoperf-mcp"}))
        self._provider = TracerProvider(resource=named, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("octoperf_mcp", __version__)
        self._format = TraceContextTextMapPropagator()

    def begin(self, method: str, tool: str) -> trace.Span:
        """Begin the span of a request, below what the client said; REST calls go below it."""
        context = self._format.extract(_carrier(tracing.FIELDS.get()))
        attributes = {"rpc.system": "jsonrpc", "mcp.method.name": method}
        if tool:
            attributes["gen_ai.tool.name"] = tool
        name = f"{method} {tool}".rstrip()
        span = self._tracer.start_span(
            name, context, kind=trace.SpanKind.SERVER, attributes=attributes
        )
        _current.set(span)
        tracing.FIELDS.set(self._lines(span))
        return span

    def end(self, span: trace.Span, outcome: str) -> None:
        """End it; `outcome` is `ok` or the code of an error."""
        span.set_attribute("octoperf_mcp.outcome", outcome)
        if outcome != "ok":
            span.set_attribute("error.type", outcome)
            span.set_status(trace.StatusCode.ERROR)
        span.end()

    def asking(self, route: str) -> tuple[trace.Span | None, str]:
        """Begin the span of a call; with the header lines that put what answers it below it."""
        parent = _current.get()
        if parent is None:
            return None, tracing.FIELDS.get()
        span = self._tracer.start_span(
            route,
            trace.set_span_in_context(parent),
            kind=trace.SpanKind.CLIENT,
            attributes={"http.route": route},
        )
        return span, self._lines(span)

    def asked(self, span: trace.Span, status: int) -> None:
        """End the span of a call; 0 for no answer."""
        span.set_attribute("http.response.status_code", status)
        if not status or status >= _FIRST_FAILURE:
            span.set_status(trace.StatusCode.ERROR)
        span.end()

    def _lines(self, span: trace.Span) -> str:
        fields: dict[str, str] = {}
        self._format.inject(fields, trace.set_span_in_context(span))
        return "".join(f"{name}: {value}\r\n" for name, value in fields.items())

    def close(self) -> None:
        """Send what is left; takes as long as the exporter does, so it is called in a thread."""
        self._provider.shutdown()


def _carrier(lines: str) -> Mapping[str, Any]:
    pairs = (line.partition(": ") for line in lines.split("\r\n") if line)
    return {name: value for name, _, value in pairs}
