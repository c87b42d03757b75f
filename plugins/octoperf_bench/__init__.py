"""Bench runs: scenarios, start, watch, stop, run files, tasks."""

from collections.abc import Iterable

from octoperf_bench import (
    file_tools,
    launch_tools,
    links,
    rest,
    run_lists,
    run_tools,
    scenario_edits,
    scenario_tools,
    schedule_tools,
    task_tools,
)
from octoperf_mcp import DeepLink, RestCall, Tool, hookimpl

octoperf_mcp_api = ">=1.0,<2"


@hookimpl
def register_rest_calls() -> Iterable[RestCall]:
    """Calls of scenarios, runs, run files and tasks."""
    return rest.CALLS


@hookimpl
def register_deep_links() -> Iterable[DeepLink]:
    """Pages of scenarios, runs and what tasks work on."""
    return links.PAGES


@hookimpl
def register_tools() -> Iterable[Tool]:
    """Plan a load, start it, watch it, stop it, read what it left."""
    return (
        scenario_tools.create_scenario_ramp_up,
        scenario_tools.create_scenario_ramp_up_down,
        scenario_tools.create_scenario_stairs,
        scenario_tools.get_scenario,
        scenario_edits.update_scenario,
        scenario_edits.patch_scenario,
        scenario_edits.delete_scenario,
        launch_tools.get_scenario_matching_plans,
        launch_tools.list_active_subscriptions,
        launch_tools.preview_run,
        schedule_tools.schedule_scenario_once,
        schedule_tools.schedule_scenario_cron,
        schedule_tools.list_scheduled_jobs_by_project,
        schedule_tools.enable_scheduled_job,
        schedule_tools.disable_scheduled_job,
        schedule_tools.delete_scheduled_job,
        run_tools.run_scenario,
        run_tools.get_bench_status,
        run_tools.get_bench_result,
        run_tools.stop_bench_result,
        run_lists.list_bench_results_by_project,
        file_tools.list_bench_docker_logs,
        file_tools.list_bench_result_files,
        file_tools.read_bench_result_file_lines,
        file_tools.download_bench_result_file,
        task_tools.get_task_result,
    )
