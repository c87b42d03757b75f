"""Heat maps of response times: a type of report items."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from octoperf_mcp import ReportItemType, hookimpl

if TYPE_CHECKING:
    from octoperf_mcp import Grid, Host, ItemRequest

octoperf_mcp_api = ">=1.0,<2"


def values(host: "Host", request: "ItemRequest") -> "Grid":
    """The cells; what makes them is imported by the first one who looks."""
    from octoperf_heatmap import heat  # noqa: PLC0415 - a start waits for no picture

    return heat.values(host, request)


@hookimpl
def register_report_item_types() -> Iterable[ReportItemType]:
    """The heat map."""
    return (
        ReportItemType(
            "HeatMapReportItem",
            "Heat map of response times",
            "How many requests of a run took how long at which time, live too: shows two speeds "
            "behind one average. Filter by actionId for one action.",
            values,
            properties={
                "measure": {
                    "enum": ["RESPONSE_TIME", "LATENCY", "CONNECT_TIME"],
                    "description": "RESPONSE_TIME where it is left out.",
                },
                "colour": {
                    "enum": ["COUNT", "SHARE"],
                    "description": "What a cell tells: hits (where it is left out), or their share "
                    "of the slot in per cent.",
                },
            },
        ),
    )
