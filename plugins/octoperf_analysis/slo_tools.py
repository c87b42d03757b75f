"""The tool that holds a run against the thresholds of its project."""

from octoperf_analysis import rest
from octoperf_analysis.items import page_of_run
from octoperf_analysis.payloads import Number
from octoperf_mcp import ToolContext, known_id, payload, tool

_WAYS = (
    "list_project_files, or make one with upload_project_file: a text of [[thresholds]], "
    'metric = "RESPONSE_TIME_PERCENTILE_95", max = 800, each on a line of its own'
)


@payload
class SloCheck:
    """A threshold, what the run has, and pass, fail or not_evaluated."""

    name: str
    metric: str
    action: str
    bound: str
    unit: str
    value: Number | None = None
    verdict: str
    reason: str


@payload
class SloEvaluation:
    """Verdict over a run, for people (markdown) and CI servers (JUnit XML)."""

    verdict: str
    reason: str
    checks: list[SloCheck]
    junit_xml: str
    markdown: str
    url: str


@tool(title="Evaluate the SLO of a run", read_only=True, needs=(rest.EVALUATE_SLO,))
async def evaluate_slo(
    ctx: ToolContext, bench_result_id: str, file_name: str = "slo.toml"
) -> SloEvaluation:
    """Hold a run against thresholds in a project file: pass, fail or not_evaluated.

    The file is TOML, or JSON of the same shape, from upload_project_file. Times are ms:
    warmUpSec = 30
    [[thresholds]]
    metric = "RESPONSE_TIME_PERCENTILE_95"
    max = 800
    action = "Search"
    A threshold has max, min or both; without action it is of the whole run; name is optional.

    Args:
        bench_result_id: Run, from run_scenario or list_bench_results_by_project.
        file_name: File of thresholds; a name that ends in .json is read as JSON.
    """
    listed_by = "list_bench_results_by_project"
    with known_id("benchResultId", bench_result_id, listed_by=listed_by):
        run = await ctx.rest(rest.GET_BENCH_RESULT, id=bench_result_id)
    with known_id("fileName", file_name, listed_by=_WAYS):
        found = await ctx.rest(
            rest.EVALUATE_SLO, bench_result_id=bench_result_id, filename=file_name
        )
    url = await page_of_run(ctx, run)
    checks = [
        SloCheck(
            name=each["name"],
            metric=each["metric"],
            action=each["action"],
            bound=each["bound"],
            unit=each["unit"],
            value=each.get("value"),
            verdict=each["verdict"],
            reason=each["reason"],
        )
        for each in found["checks"]
    ]
    return SloEvaluation(
        verdict=found["verdict"],
        reason=found["reason"],
        checks=checks,
        junit_xml=found["junitXml"],
        markdown=f"{found['markdown']}\n[Report]({url})\n",
        url=url,
    )
