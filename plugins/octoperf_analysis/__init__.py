"""Analysis: reports and the values behind their widgets."""

from collections.abc import Iterable

from octoperf_analysis import error_tools, links, report_tools, rest, value_tools
from octoperf_mcp import DeepLink, RestCall, Tool, hookimpl


@hookimpl
def register_rest_calls() -> Iterable[RestCall]:
    """Calls of reports and their values."""
    return rest.CALLS


@hookimpl
def register_deep_links() -> Iterable[DeepLink]:
    """Pages of reports."""
    return links.PAGES


@hookimpl
def register_tools() -> Iterable[Tool]:
    """Find a report, read it, read the values of its items."""
    return (
        report_tools.list_bench_reports_by_project,
        report_tools.get_bench_report,
        value_tools.get_report_summary_values,
        value_tools.get_report_table_values,
        value_tools.get_report_line_chart_values,
        error_tools.get_report_errors,
    )
