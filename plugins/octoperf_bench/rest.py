"""REST calls of scenarios, runs, their files and tasks, each with the source that shows it."""

from octoperf_mcp import PRESIGN_DOWNLOAD, TASK_RESULT, RestCall

_DSL = "abstracta/jmeter-java-dsl: octoperf/OctoPerfClient.java"
_JENKINS = "jenkinsci/octoperf-plugin: scenario/ScenarioApi.java"
_MAVEN = "OctoPerf/octoperf-maven-plugin"
_RESULTS = f"{_MAVEN}: runtime-rest-api/BenchResultsApi.java"
_LOGS = f"{_MAVEN}: analysis-rest-api/LogApi.java"

LIST_VIRTUAL_USERS = RestCall(
    "GET",
    "/design/virtual-users/description/by-project/{projectId}",
    answer="VirtualUserDescription[]",
    source=f"{_MAVEN}: design-rest-api/VirtualUserApi.java",
)
GET_VIRTUAL_USER = RestCall("GET", "/design/virtual-users/{id}", answer="VirtualUser")
LIST_PROVIDERS = RestCall(
    "GET", "/workspaces/docker-providers/by-workspace/{workspaceId}", answer="DockerProvider[]"
)
LIST_PUBLIC_PROVIDERS = RestCall(
    "GET",
    "/workspaces/docker-providers/public",
    query=("workspaceId",),
    answer="DockerProvider[]",
    source=_DSL,
)
CREATE_SCENARIO = RestCall(
    "POST", "/runtime/scenarios", body="json", answer="Scenario", source=_DSL
)
GET_SCENARIO = RestCall("GET", "/runtime/scenarios/{id}", answer="Scenario", source=_JENKINS)
PUT_SCENARIO = RestCall("PUT", "/runtime/scenarios/{id}", body="json", answer="Scenario")
GET_SCENARIO_REVISION = RestCall(
    "GET", "/runtime/scenarios/revisions/{id}/{version}", answer="Scenario", optional=True
)
DELETE_SCENARIO = RestCall(
    "DELETE", "/runtime/scenarios/{id}", source=f"{_MAVEN}: runtime-rest-api/ScenarioApi.java"
)
RUN_SCENARIO = RestCall(
    "POST",
    "/runtime/scenarios/run/{id}",
    query=("name", "templateId", "launchToken"),
    body="json",
    answer="BenchReport",
    source=f"{_MAVEN}: runtime-rest-api/ScenarioApi.java",
)
MATCHING_PLANS = RestCall(
    "GET",
    "/runtime/scenarios/matching-plans/{id}",
    answer="ScenarioMatchingPlan[]",
    source="OctoPerf/octoperf-claude-plugins: skill bench-reports",
)
SUBSCRIPTIONS = RestCall("GET", "/subscriptions/active", answer="Subscription[]")
PREVIEW = RestCall("GET", "/runtime/scenarios/preview/{id}", answer="RunPreview", optional=True)
CREATE_JOB = RestCall("POST", "/runtime/scheduled-jobs", body="json", answer="ScheduledJob")
LIST_JOBS = RestCall(
    "GET", "/runtime/scheduled-jobs/by-project/{projectId}", answer="ScheduledJob[]"
)
GET_JOB = RestCall("GET", "/runtime/scheduled-jobs/{id}", answer="ScheduledJob", optional=True)
ENABLE_JOB = RestCall("POST", "/runtime/scheduled-jobs/enable/{id}", answer="ScheduledJob")
DISABLE_JOB = RestCall("POST", "/runtime/scheduled-jobs/disable/{id}", answer="ScheduledJob")
DELETE_JOB = RestCall("DELETE", "/runtime/scheduled-jobs/{id}")
GET_BENCH_RESULT = RestCall(
    "GET", "/runtime/bench-results/{id}", answer="BenchResult", source=_RESULTS
)
LIST_RUNS = RestCall(
    "GET",
    "/runtime/bench-results/by-project/{projectId}",
    answer="BenchResult[]",
    optional=True,
)
GET_PROGRESS = RestCall(
    "GET", "/runtime/bench-results/progress/{id}", answer="ValueWrapper<Double>", source=_RESULTS
)
STOP = RestCall("POST", "/runtime/bench-results/stop/{id}", answer="BenchResult", source=_RESULTS)
DOCKER_LOGS = RestCall("GET", "/runtime/bench-results/docker-logs/{id}", answer="DockerLog[]")
LIST_REPORTS = RestCall(
    "GET", "/analysis/bench-reports/by-project/{projectId}", answer="BenchReport[]"
)
GET_REPORT = RestCall(
    "GET",
    "/analysis/bench-reports/{id}",
    answer="BenchReport",
    source="tpit59/octoperf-mcp: octoperf/adapter.go",
)
LIST_FILES = RestCall("GET", "/analysis/logs/list/{benchResultId}", answer="string[]", source=_LOGS)
GET_FILE = RestCall(
    "GET", "/analysis/logs/{benchResultId}", query=("filename",), answer="bytes", source=_LOGS
)
SIGN_DOWNLOAD = PRESIGN_DOWNLOAD
FOLLOW_TASK = TASK_RESULT
GET_TASK = RestCall("GET", "/tasks/{id}", answer="Task", optional=True)
"""The task as it was submitted: tells what an unfinished one works on."""

CALLS = (
    LIST_VIRTUAL_USERS,
    GET_VIRTUAL_USER,
    LIST_PROVIDERS,
    LIST_PUBLIC_PROVIDERS,
    CREATE_SCENARIO,
    GET_SCENARIO,
    PUT_SCENARIO,
    GET_SCENARIO_REVISION,
    DELETE_SCENARIO,
    RUN_SCENARIO,
    MATCHING_PLANS,
    SUBSCRIPTIONS,
    PREVIEW,
    CREATE_JOB,
    LIST_JOBS,
    GET_JOB,
    ENABLE_JOB,
    DISABLE_JOB,
    DELETE_JOB,
    GET_BENCH_RESULT,
    LIST_RUNS,
    GET_PROGRESS,
    STOP,
    DOCKER_LOGS,
    LIST_REPORTS,
    GET_REPORT,
    LIST_FILES,
    GET_FILE,
    SIGN_DOWNLOAD,
    FOLLOW_TASK,
    GET_TASK,
)
