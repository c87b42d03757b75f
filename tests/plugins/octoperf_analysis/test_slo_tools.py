"""evaluate_slo, as the agent sees it."""

from typing import Any

from octoperf_analysis import slo_tools as tools
from octoperf_mcp.errors import NotFoundError

LINE = "GET /analysis/statistics/slo/res1?filename=slo.toml"
CHECK = {
    "name": "Quick", "metric": "RESPONSE_TIME_AVG", "action": "", "bound": "<= 800",
    "unit": "ms", "value": 900.0, "verdict": "fail", "reason": "900 ms is not <= 800.",
}  # fmt: skip


def answers(found: Any) -> dict[str, Any]:
    run = {"id": "res1", "designProjectId": "p1", "benchReportId": "rep1"}
    return {"GET /runtime/bench-results/res1": run, LINE: found}


async def test_the_verdict_comes_for_people_and_for_ci(context: Any) -> None:
    found = {
        "verdict": "fail", "reason": "0 of 1.", "junitXml": "<testsuites/>",
        "markdown": "| a |\n", "checks": [CHECK, {**CHECK, "value": None}],
    }  # fmt: skip
    told = await context("octoperf_analysis", answers(found)).run(
        tools.evaluate_slo, {"benchResultId": "res1"}
    )
    assert (told["verdict"], told["checks"][0]["value"]) == ("fail", 900)
    assert "value" not in told["checks"][1]
    assert told["markdown"].endswith(f"[Report]({told['url']})\n")


async def test_a_missing_file_is_told_where_files_come_from(context: Any) -> None:
    fake = context("octoperf_analysis", answers(NotFoundError("no file", status=404)))
    refusal = await fake.refuse(tools.evaluate_slo, {"benchResultId": "res1"})
    assert refusal.details["field"] == "fileName"
    assert "upload_project_file" in refusal.next_step
