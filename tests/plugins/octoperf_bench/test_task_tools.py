"""Background tasks."""

from typing import Any

import pytest

from octoperf_bench import task_tools as tools
from octoperf_mcp.errors import NotFoundError

PLUGIN = "octoperf_bench"
RESULT = "GET /tasks/t1/result"
TASK = "GET /tasks/t1"
OF_T1 = {"taskId": "t1"}
GONE = NotFoundError("no", status=404)
PROJECT = "https://octoperf.test/ui/workspace/w1/project/p1"
REPORT = {"GET /analysis/bench-reports/rep1": {"id": "rep1", "projectId": "p1"}}
PRINTED = {"@type": "PrintReportTaskResult", "filename": "Night.pdf", "benchReportId": "rep1"}


@pytest.mark.parametrize("empty", [None, {}])
async def test_an_empty_answer_is_a_pending_task(context: Any, empty: Any) -> None:
    task = {"@type": "ApplyCorrelationsTask", "virtualUserId": "vu1", "projectId": "p1"}
    result = await context(PLUGIN, {RESULT: empty, TASK: task}).run(tools.get_task_result, OF_T1)
    assert (result["status"], result["nextPollSec"]) == ("PENDING", 3)
    assert result["url"] == f"{PROJECT}/design/virtual-user/vu1"


async def test_a_platform_without_the_task_itself_leaves_the_start_page(context: Any) -> None:
    result = await context(PLUGIN, {RESULT: None, TASK: GONE}).run(tools.get_task_result, OF_T1)
    assert result["url"] == "https://octoperf.test/ui/workspace"


async def test_a_printed_report_names_its_file(context: Any) -> None:
    fake = context(PLUGIN, {RESULT: PRINTED, **REPORT})
    result = await fake.run(tools.get_task_result, OF_T1)
    assert result["status"] == "SUCCESS"
    assert "Night.pdf" in result["message"]
    assert result["result"]["filename"] == "Night.pdf"
    assert "download_bench_result_file" in result["next"]
    assert result["url"] == f"{PROJECT}/analysis/report/rep1"
    assert "nextPollSec" not in result


async def test_a_failure_says_why_without_its_trace(context: Any) -> None:
    failed = {
        "@type": "FailedTaskResult",
        "stackTrace": "java.lang.IllegalStateException: no body\n\tat a.b(C.java:1)",
    }
    result = await context(PLUGIN, {RESULT: failed, TASK: GONE}).run(tools.get_task_result, OF_T1)
    assert result["status"] == "FAILED"
    assert result["message"] == "java.lang.IllegalStateException: no body"
    assert "result" not in result


async def test_the_virtual_user_of_a_task_tells_its_project(context: Any) -> None:
    answers = {
        RESULT: {"@type": "ApplyCorrelationsTaskResult", "virtualUserId": "vu1", "message": "3"},
        "GET /design/virtual-users/vu1": {"id": "vu1", "projectId": "p1"},
    }
    result = await context(PLUGIN, answers).run(tools.get_task_result, OF_T1)
    assert result["message"] == "3"
    assert result["url"] == f"{PROJECT}/design/virtual-user/vu1"


async def test_a_task_over_a_run_points_at_the_run(context: Any, run: Any) -> None:
    answers = {
        RESULT: {"@type": "UpdateReportDataTaskResult", "benchResultId": "res1"},
        "GET /runtime/bench-results/res1": run,
    }
    result = await context(PLUGIN, answers).run(tools.get_task_result, OF_T1)
    assert result["url"] == f"{PROJECT}/analysis/report/rep1"


@pytest.mark.usefixtures("no_pauses")
async def test_it_waits_for_the_end_when_asked_to(context: Any) -> None:
    left = iter([None, None, PRINTED])
    fake = context(PLUGIN, {RESULT: lambda _: next(left), **REPORT})
    result = await fake.run(tools.get_task_result, {**OF_T1, "waitSec": 25})
    assert result["status"] == "SUCCESS"
    assert len(fake.reported) == 2


async def test_an_unknown_task_is_not_found(context: Any) -> None:
    error = await context(PLUGIN, {RESULT: GONE}).refuse(tools.get_task_result, OF_T1)
    assert error.details["field"] == "taskId"
