"""The task `PrintReportTask {benchReportId, config}` of the platform."""

import asyncio
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.printing.chromium import find_chromium, pdf_of
from octoperf_mcp.embedded.printing.paper import paper_of
from octoperf_mcp.embedded.ui.printed import printed_report

if TYPE_CHECKING:
    from octoperf_mcp.embedded.platform import Platform

Json = dict[str, Any]

TASK = "PrintReportTask"
_AT_ONCE = 1
"""A browser takes some hundred megabytes."""
_LONGEST_STEM = 150


def register(platform: "Platform") -> None:
    """Let the platform's tasks print reports, one after the other."""
    platform.tasks.handle(TASK, partial(print_report, platform), at_once=_AT_ONCE)


async def print_report(platform: "Platform", task: Json, user_id: str) -> Json:
    """Print a report and attach the PDF to its first run, over an earlier one of that name.

    Raises:
        NotFound: the report or its first run does not exist for this user.
        Forbidden: his role may not change runs.
        Invalid: the config cannot be followed, or the report shows no run.
        ChromiumMissingError: says how to install it.
        PrintFailedError: there was no PDF at the end.
    """
    paper = paper_of(task.get("config"))
    found = await platform.documents.get(
        "bench_report", str(task.get("benchReportId") or ""), user_id=user_id
    )
    report = found.body
    run_ids = report.get("benchResultIds") or []
    if not run_ids:
        raise Invalid("The report shows no run, so there is none to attach the PDF to.")
    program = await asyncio.to_thread(find_chromium, platform.settings.chromium)
    html = await printed_report(platform, user_id, report, paper)
    name = file_name(str(report.get("name") or ""))
    await platform.runs.attach(run_ids[0], user_id, name, await pdf_of(html, program=program))
    return {
        "@type": f"{TASK}Result",
        "filename": name,
        "benchReportId": found.id,
        "benchResultId": run_ids[0],
    }


def file_name(report_name: str) -> str:
    """As the original names its PDFs: `Nightly, 3 users` is `Nightly_3_users.pdf`."""
    return re.sub(r"\W+", "_", report_name, flags=re.ASCII)[:_LONGEST_STEM] + ".pdf"
