"""Workflows that begin with an import."""

from collections.abc import Mapping

from octoperf_mcp import Prompt, PromptArgument


def _recording(values: Mapping[str, str]) -> str:
    project, target = values.get("projectId"), values.get("baseUrl")
    first = (
        f"Import into project {project}."
        if project
        else "`list_workspaces`, then ask me for a project or make one with `create_project`."
    )
    return f"""\
Turn my HAR recording into a load test of {target or "an environment that you ask me for"}.

1. {first}
2. `import_har_virtual_user` answers a single-use address and the curl line. Upload the
   recording, or give me the page if you cannot reach the address.
3. `list_http_servers_by_project`, and `update_http_server` to point the recording at that
   environment.
4. `sanity_check_virtual_user`; mend each ERROR.
5. `validate_virtual_user` on a provider of `list_docker_providers_by_workspace`, wait with
   `get_virtual_user_validation`, read `get_virtual_user_validation_index`. Mend what fails
   first.
6. Ask me for users, ramp-up and duration, then `create_scenario_ramp_up`.
7. Say what the run will send, and wait for my yes before `run_scenario`. Follow it with
   `get_bench_status` until finished.
8. `get_bench_report`: give me the main figures with their units, what stands out, and the link."""


LOAD_TEST_RECORDING = Prompt(
    name="load_test_recording",
    title="From a recording to a report",
    description="Import a HAR recording, validate it, run load with your consent, read the report.",
    arguments=(
        PromptArgument("projectId", "Project to import into; empty: ask."),
        PromptArgument("baseUrl", "Environment to test, scheme://host[:port]; empty: ask."),
    ),
    render=_recording,
    tools=(
        "create_project",
        "create_scenario_ramp_up",
        "get_bench_report",
        "get_bench_status",
        "get_virtual_user_validation",
        "get_virtual_user_validation_index",
        "import_har_virtual_user",
        "list_docker_providers_by_workspace",
        "list_http_servers_by_project",
        "list_workspaces",
        "run_scenario",
        "sanity_check_virtual_user",
        "update_http_server",
        "validate_virtual_user",
    ),
)
