"""A report as one file for the printer: the widgets of its page, styles included, no script."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from markupsafe import Markup

from octoperf_mcp.embedded.engine.load.caveats import untold
from octoperf_mcp.embedded.metrics.trends import spread
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.printing.paper import Paper
from octoperf_mcp.embedded.store.schema import now_ms
from octoperf_mcp.embedded.ui.items import draw_all
from octoperf_mcp.embedded.ui.rendering import rendered, when

_STYLES: Final = Markup(  # noqa: S704 - our own file
    files("octoperf_mcp.charts").joinpath("charts.css").read_text("utf-8")
    + files("octoperf_mcp.embedded.ui").joinpath("static", "ui.css").read_text("utf-8")
)
_HEADING: Final = re.compile(r"(#{1,3})\s+(.+)")
_POINT: Final = re.compile(r"[-*]\s+(.+)")


@dataclass(frozen=True, slots=True)
class Print:
    """A report as one user sees it, without a request."""

    platform: Platform
    user_id: str

    async def get(self, kind: str, document_id: str) -> dict[str, Any]:
        """Body of a document that the user may see."""
        found = await self.platform.documents.get(kind, document_id, user_id=self.user_id)
        return found.body


async def printed_report(
    platform: Platform, user_id: str, report: Mapping[str, Any], paper: Paper
) -> str:
    """HTML that shows every widget and loads nothing.

    Raises:
        NotFound: the user may not see one of the runs.
    """
    reader = Print(platform, user_id)
    (report,) = await spread(platform.documents, [dict(report)], user_id)
    project = await reader.get("project", report["projectId"])
    workspace = await reader.get("workspace", project["workspaceId"])
    runs = [await reader.get("bench_result", run_id) for run_id in report["benchResultIds"]]
    now = when(now_ms())
    return rendered(
        "printed.html",
        styles=_STYLES,
        paper=paper,
        report=report,
        place=f"{workspace['name']} / {project['name']}",
        runs=[
            {
                "state": run["state"],
                "started": when(run.get("created")),
                "cause": run.get("cause") or "",
                "caveats": untold(run),
            }
            for run in runs
        ],
        items=await draw_all(reader, report, paper.rows),
        cover=cover_blocks(
            paper.cover_page,
            {
                "COMPANY_NAME": workspace["name"],
                "REPORT_NAME": str(report.get("name") or ""),
                "REPORT_DATE": now,
                "REPORT_DESCRIPTION": str(report.get("description") or ""),
                "PROJECT_NAME": project["name"],
            },
        ),
        printed=now,
    )


def cover_blocks(markdown: str, values: Mapping[str, str]) -> list[tuple[str, str]]:
    """The cover page as tags and texts: headings, points of lists, lines; markers are replaced."""
    for name, value in values.items():
        markdown = markdown.replace(f"${name}$", value)
    return [_block(line.strip()) for line in markdown.splitlines() if line.strip()]


def _block(line: str) -> tuple[str, str]:
    if heading := _HEADING.fullmatch(line):
        return f"h{len(heading[1])}", heading[2]
    if point := _POINT.fullmatch(line):
        return "li", point[1]
    return "p", line
