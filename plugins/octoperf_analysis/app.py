"""The chart of a run as an MCP App: one page with everything in it, which loads nothing.

MCP Apps, 2026-01-26 (modelcontextprotocol/ext-apps): hosts that declare the extension read the
`ui://` resource that the tool names, show it in a sandbox, and hand it the tool's result.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from octoperf_mcp import Resource, ToolContext

URI: Final = "ui://octoperf/run-chart"
EXTENSION: Final = "io.modelcontextprotocol/ui"
MEDIA_TYPE: Final = "text/html;profile=mcp-app"


def shows_apps(ctx: ToolContext) -> bool:
    """Whether the client declared that it shows such pages."""
    declared = ctx.extension(EXTENSION)
    return declared is not None and MEDIA_TYPE in (declared.get("mimeTypes") or ())


@cache
def page() -> str:
    """The page, with the chart library inside."""
    charts = files("octoperf_mcp.charts")
    parts = {
        "library_style": charts.joinpath("uPlot.min.css").read_text("utf-8"),
        "style": charts.joinpath("charts.css").read_text("utf-8"),
        "library": charts.joinpath("uPlot.iife.min.js").read_text("utf-8"),
        "charts": charts.joinpath("charts.js").read_text("utf-8"),
    }
    html = files("octoperf_analysis").joinpath("run_chart.html").read_text("utf-8")
    for name, text in parts.items():
        html = html.replace(f"/*{name}*/", text)
    return html


async def _read(_ctx: ToolContext, _values: Mapping[str, str]) -> str:
    return page()


RUN_CHART: Final = Resource(
    uri=URI,
    name="run_chart",
    title="Chart of a run",
    description="Live chart of a run, shown by hosts of MCP Apps beside show_run_chart.",
    media_type=MEDIA_TYPE,
    read=_read,
    meta={"ui": {"csp": {}, "prefersBorder": True}},
)
