"""REST calls of reports and their values, each with the source that shows it.

Values are read by posting the whole report item: observed three times, the habit for the rest.
"""

from octoperf_mcp import TASK_RESULT, RestCall

_DSL = "abstracta/jmeter-java-dsl: octoperf/OctoPerfClient.java"
_WINDOW = ("from", "to")

LIST_REPORTS = RestCall(
    "GET", "/analysis/bench-reports/by-project/{projectId}", answer="BenchReport[]"
)
GET_REPORT = RestCall(
    "GET",
    "/analysis/bench-reports/{id}",
    answer="BenchReport",
    source="tpit59/octoperf-mcp: octoperf/adapter.go",
)
PUT_REPORT = RestCall("PUT", "/analysis/bench-reports/{id}", body="json", answer="BenchReport")
DELETE_REPORT = RestCall("DELETE", "/analysis/bench-reports/{id}")
GET_REPORT_REVISION = RestCall(
    "GET",
    "/analysis/bench-reports/revisions/{id}/{version}",
    answer="BenchReport",
    optional=True,
)
CREATE_TREND = RestCall(
    "POST",
    "/analysis/bench-reports/create/trend/{benchResultId}",
    body="json",
    answer="BenchReport",
)
GET_BENCH_RESULT = RestCall(
    "GET",
    "/runtime/bench-results/{id}",
    answer="BenchResult",
    source="OctoPerf/octoperf-maven-plugin: runtime-rest-api/BenchResultsApi.java",
)
LIST_VIRTUAL_USERS = RestCall(
    "GET", "/design/virtual-users/by-project/{projectId}", answer="VirtualUser[]", source=_DSL
)
SUMMARY = RestCall(
    "POST", "/analysis/metrics/summary", _WINDOW, "json", answer="number[]", reads=True, source=_DSL
)
TABLE = RestCall(
    "POST", "/analysis/metrics/table", (), "json", answer="TableEntry[]", reads=True, source=_DSL
)
LINE = RestCall(
    "POST", "/analysis/metrics/line", _WINDOW, "json", answer="GraphPoint[][]", reads=True
)
TREE = RestCall("POST", "/analysis/metrics/tree", (), "json", answer="TreeEntry[]", reads=True)
TOP = RestCall("POST", "/analysis/metrics/top", _WINDOW, "json", answer="TopResult", reads=True)
PIE = RestCall(
    "POST", "/analysis/metrics/pie", (), "json", answer="Map<String, Long>[]", reads=True
)
STACKED = RestCall(
    "POST", "/analysis/metrics/stacked", (), "json", answer="MapGraphPoint[]", reads=True
)
AREA_RANGE = RestCall(
    "POST", "/analysis/metrics/area-range", (), "json", answer="AreaRangeResult", reads=True
)
INSIGHTS = RestCall("POST", "/analysis/insights", _WINDOW, "json", answer="Insight[]", reads=True)
TEXTUAL_MONITORS = RestCall(
    "POST", "/analysis/textual-monitors", (), "json", answer="TextualCounterValue[]", reads=True
)
MONITORS_TABLE = RestCall(
    "POST", "/analysis/monitors-table", (), "json", answer="MonitorsTableEntry[]", reads=True
)
ALARMS = RestCall(
    "POST",
    "/analysis/threshold-alarms",
    _WINDOW,
    "json",
    answer="ThresholdAlarm[]",
    reads=True,
    source="OctoPerf/octoperf-maven-plugin: ThresholdAlarmApi.java",
)
ERRORS = RestCall(
    "POST", "/analysis/bench-errors", _WINDOW, "json", answer="BenchError[]", reads=True
)
ERROR_HTTP = RestCall(
    "GET",
    "/analysis/bench-errors/http/{benchResultId}/{actionId}/{timestamp}",
    answer="BenchErrorHttp",
)
ITEM_VALUES = RestCall(
    "POST",
    "/analysis/report-items/values",
    (*_WINDOW, "maxSlots", "maxRows"),
    "json",
    answer="ItemValues",
    reads=True,
    optional=True,
)
LOAD_GENERATORS = RestCall(
    "GET",
    "/analysis/load-generators/by-bench-result/{benchResultId}",
    answer="BenchLoadGenerator[]",
)
COMPARE = RestCall(
    "GET",
    "/analysis/statistics/comparison/{baselineId}/{candidateId}",
    ("metric", "warmUpSec", "minEffectPct"),
    answer="RunComparison",
    optional=True,
)
EVALUATE_SLO = RestCall(
    "GET",
    "/analysis/statistics/slo/{benchResultId}",
    ("filename",),
    answer="SloEvaluation",
    optional=True,
)
CAPACITY = RestCall(
    "GET",
    "/analysis/statistics/capacity/{benchResultId}",
    answer="Capacity",
    optional=True,
)
SLOWDOWN = RestCall(
    "GET",
    "/analysis/statistics/slowdown/{benchResultId}",
    _WINDOW,
    answer="Slowdown",
    optional=True,
)
SUBMIT_TASK = RestCall(
    "POST",
    "/tasks",
    body="json",
    answer="text",
    source="OctoPerf/octoperf-maven-plugin: task-rest-api/TasksApi.java",
)

CALLS = (
    LIST_REPORTS,
    GET_REPORT,
    PUT_REPORT,
    DELETE_REPORT,
    GET_REPORT_REVISION,
    CREATE_TREND,
    GET_BENCH_RESULT,
    LIST_VIRTUAL_USERS,
    SUMMARY,
    TABLE,
    LINE,
    TREE,
    TOP,
    PIE,
    STACKED,
    AREA_RANGE,
    INSIGHTS,
    TEXTUAL_MONITORS,
    MONITORS_TABLE,
    ALARMS,
    ERRORS,
    ERROR_HTTP,
    ITEM_VALUES,
    LOAD_GENERATORS,
    SUBMIT_TASK,
    TASK_RESULT,
    COMPARE,
    EVALUATE_SLO,
    CAPACITY,
    SLOWDOWN,
)
