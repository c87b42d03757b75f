"""Analysis: reports and the values behind their widgets."""

from collections.abc import Iterable

from octoperf_analysis import (
    added_tools,
    alarm_tools,
    app,
    area_tools,
    capacity_tools,
    chart_tools,
    comparison_tools,
    error_tools,
    export_tools,
    generator_tools,
    insight_tools,
    links,
    monitor_tools,
    prompts,
    report_edits,
    report_tools,
    rest,
    run_chart_tools,
    slo_tools,
    slowdown_tools,
    table_tools,
    trend_tools,
)
from octoperf_mcp import DeepLink, Prompt, Resource, RestCall, Tool, hookimpl

octoperf_mcp_api = ">=1.0,<2"


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
    """Find a report, read it, read the values of its items, edit it, follow a trend."""
    return (
        report_tools.list_bench_reports_by_project,
        report_tools.get_bench_report,
        report_edits.update_bench_report,
        report_edits.patch_bench_report,
        report_edits.delete_bench_report,
        trend_tools.create_trend_report_by_tags,
        trend_tools.create_trend_report_by_name,
        trend_tools.create_trend_report_by_creation_date,
        table_tools.get_report_summary_values,
        table_tools.get_report_table_values,
        table_tools.get_report_tree_values,
        chart_tools.get_report_line_chart_values,
        chart_tools.get_report_stacked_chart_values,
        chart_tools.get_report_top_values,
        chart_tools.get_report_pie_values,
        added_tools.get_report_item_values,
        area_tools.get_report_area_range_values,
        insight_tools.get_report_insights,
        alarm_tools.get_report_threshold_alarms,
        monitor_tools.get_report_textual_monitors,
        monitor_tools.get_report_monitors_table_values,
        error_tools.get_report_errors,
        error_tools.fetch_bench_error_http,
        generator_tools.list_bench_load_generators,
        export_tools.export_bench_report_pdf,
        comparison_tools.compare_runs,
        slo_tools.evaluate_slo,
        capacity_tools.estimate_capacity,
        slowdown_tools.explain_slowdown,
        run_chart_tools.show_run_chart,
    )


@hookimpl
def register_resources() -> Iterable[Resource]:
    """What hosts of MCP Apps show."""
    return (app.RUN_CHART,)


@hookimpl
def register_prompts() -> Iterable[Prompt]:
    """Workflows of this area."""
    return (prompts.DIAGNOSE_RUN,)
