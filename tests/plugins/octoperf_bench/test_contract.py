"""The plugin as the registry sees it."""

from typing import Any

import octoperf_bench


def test_the_plugin_keeps_the_contract(check_contract: Any) -> None:
    check_contract("octoperf_bench")


def test_it_registers_the_tools_of_its_area() -> None:
    assert [tool.name for tool in octoperf_bench.register_tools()] == [
        "create_scenario_ramp_up",
        "create_scenario_ramp_up_down",
        "create_scenario_stairs",
        "get_scenario",
        "update_scenario",
        "patch_scenario",
        "delete_scenario",
        "get_scenario_matching_plans",
        "list_active_subscriptions",
        "preview_run",
        "schedule_scenario_once",
        "schedule_scenario_cron",
        "list_scheduled_jobs_by_project",
        "enable_scheduled_job",
        "disable_scheduled_job",
        "delete_scheduled_job",
        "run_scenario",
        "get_bench_status",
        "get_bench_result",
        "stop_bench_result",
        "list_bench_results_by_project",
        "list_bench_docker_logs",
        "list_bench_result_files",
        "read_bench_result_file_lines",
        "download_bench_result_file",
        "get_task_result",
    ]
