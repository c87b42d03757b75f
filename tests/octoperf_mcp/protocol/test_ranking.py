"""Finding tools by what a person says, on the tools as installed."""

import pytest

from octoperf_mcp.protocol.ranking import Ranking
from octoperf_mcp.registry.manager import load_registry

TOOLS = load_registry().tools
RANKING = Ranking(TOOLS.values())


@pytest.mark.parametrize(
    ("request_text", "wanted", "within"),
    [
        ("which workspaces do I have?", "list_workspaces", 1),
        ("make a new project", "create_project", 2),
        ("upload the HAR I recorded in my browser", "import_har_virtual_user", 3),
        ("rename my script", "update_virtual_user", 3),
        ("point the test at another host", "update_http_server", 3),
        ("the session token is stale, extract it from the response", "create_correlation_rule", 3),
        ("try the script once before loading", "validate_virtual_user", 3),
        ("why did the request fail in the validation?", "get_validation_failure_detail", 3),
        ("ramp up to 200 users and stay there", "create_scenario_ramp_up", 3),
        ("increase the load in steps", "create_scenario_stairs", 3),
        ("launch the load test", "run_scenario", 3),
        ("kill the run at once", "stop_bench_result", 3),
        ("how far is the run?", "get_bench_status", 3),
        ("95th percentile of each page as a table", "get_report_table_values", 3),
        ("what errors happened during the test?", "get_report_errors", 3),
        ("response times over time as a graph", "get_report_line_chart_values", 3),
        ("show me a chart of my run", "show_run_chart", 1),
        ("which regions can generate load?", "list_docker_providers_by_workspace", 3),
        ("read the jmeter log of a run", "read_bench_result_file_lines", 3),
        ("save a copy of the virtual user first", "backup_virtual_user", 2),
        ("were any alarms raised?", "get_report_threshold_alarms", 1),
    ],
)
def test_a_plain_request_finds_its_tool(request_text: str, wanted: str, within: int) -> None:
    found = [tool.name for tool in RANKING.best(request_text, 10)]
    assert wanted in found[:within], found


@pytest.mark.parametrize("name", TOOLS)
def test_a_tools_own_name_finds_it(name: str) -> None:
    assert RANKING.best(name, 1)[0].name == name
    assert RANKING.best(name.replace("_", " "), 3)[0].name == name


def test_nothing_is_made_up_for_words_that_mean_nothing_here() -> None:
    assert not RANKING.best("zzz qqq", 10)
    assert not RANKING.best("the of and", 10)
    assert not RANKING.best("", 10)
    assert not Ranking([]).best("run", 10)


def test_a_request_of_any_length_is_ranked() -> None:
    assert len(RANKING.best("run scenario " * 100_000, 5)) == 5
