"""OpenTelemetry: a span for each request and REST call, in the client's trace."""

import sys

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.errors import ConfigError
from tests.faults.bridge import bridge

pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_spans_continue_the_clients_trace_and_name_no_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from octoperf_mcp.observability import spans

    kept = InMemorySpanExporter()
    real = spans.Spans
    monkeypatch.setattr(spans, "Spans", lambda: real(kept))
    parents: list[str | None] = []

    async def workspaces(request: web.Request) -> web.Response:
        parents.append(request.headers.get("traceparent"))
        return web.json_response([{"id": "w-s3cret", "name": "x"}])

    app = web.Application()
    app.router.add_get("/workspaces/member-of", workspaces)
    async with (
        TestServer(app) as platform,
        bridge(str(platform.make_url("")).rstrip("/"), traces={"enabled": True}) as running,
    ):
        await running.call("list_workspaces", meta={"traceparent": PARENT})
        await running.call("list_projects_by_workspace", {"workspaceId": "w-s3cret"})
        await running.asked("s3cret/method", {})
    found = {span.name: span for span in kept.get_finished_spans()}
    call = found["tools/call list_workspaces"]
    assert call.context.trace_id == int(PARENT[3:35], 16)
    assert call.parent is not None
    assert call.parent.span_id == int(PARENT[36:52], 16)
    below = [s for s in kept.get_finished_spans() if s.parent and s.parent == call.context]
    assert [span.name for span in below] == ["GET /workspaces/member-of"]
    # what the platform makes of it is a child of the REST call
    assert parents[0] == f"00-{PARENT[3:35]}-{below[0].context.span_id:016x}-01"
    assert below[0].attributes is not None
    assert below[0].attributes["http.response.status_code"] == 200
    failed = found["tools/call list_projects_by_workspace"]
    assert failed.parent is None
    assert failed.attributes is not None
    assert failed.attributes["error.type"] == "not_found"
    assert "other" in found
    assert "s3cret" not in "".join(span.to_json() for span in kept.get_finished_spans())


async def test_without_opentelemetry_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "octoperf_mcp.observability.spans", None)
    with pytest.raises(ConfigError, match=r"octoperf-mcp\[otel\]"):
        async with bridge("http://127.0.0.1:1", traces={"enabled": True}):
            pass
