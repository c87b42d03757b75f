"""REST calls of editing, each with the source that shows it."""

from octoperf_mcp import PRESIGN, PRESIGN_DOWNLOAD, TASK_RESULT, RestCall

_DSL = "abstracta/jmeter-java-dsl: octoperf/OctoPerfClient.java"
_MAVEN = "OctoPerf/octoperf-maven-plugin: design-rest-api"
_TASKS = "OctoPerf/octoperf-maven-plugin: task-rest-api/TasksApi.java"

CREATE_PROJECT = RestCall("POST", "/design/projects", body="json", answer="Project", source=_DSL)
GET_PROJECT = RestCall(
    "GET",
    "/design/projects/{id}",
    answer="Project",
    source="jenkinsci/octoperf-plugin: project/ProjectApi.java",
)
PUT_PROJECT = RestCall(
    "PUT",
    "/design/projects/{id}",
    body="json",
    answer="Project",
    source="dermg13/restAssured: API_Testing/workspaceRestAPI/E2E_Project.java",
)
GET_VIRTUAL_USER = RestCall("GET", "/design/virtual-users/{id}", answer="VirtualUser")
PUT_VIRTUAL_USER = RestCall(
    "PUT", "/design/virtual-users/{id}", body="json", answer="VirtualUser", source=_DSL
)
DUPLICATE_VIRTUAL_USER = RestCall(
    "POST", "/design/virtual-users/duplicate/{id}", answer="VirtualUser"
)
DELETE_VIRTUAL_USER = RestCall(
    "DELETE", "/design/virtual-users/{id}", source=f"{_MAVEN}/VirtualUserApi.java"
)
LIST_SCENARIOS = RestCall(
    "GET",
    "/runtime/scenarios/by-project/{projectId}",
    answer="Scenario[]",
    source="OctoPerf/octoperf-maven-plugin: runtime-rest-api/ScenarioApi.java",
)
LIST_VARIABLES = RestCall(
    "GET",
    "/design/variables/by-project/{projectId}",
    answer="VariableWrapper[]",
    source=f"{_MAVEN}/VariablesApi.java",
)
LIST_VARIABLE_USAGES = RestCall(
    "GET", "/design/variables/usages/by-project/{projectId}", answer="VariableUsage[]"
)
GET_VARIABLE = RestCall("GET", "/design/variables/{id}", answer="VariableWrapper", optional=True)
CREATE_VARIABLE = RestCall(
    "POST",
    "/design/variables",
    body="json",
    answer="VariableWrapper",
    source="OctoPerf/bzm-to-octoperf-maven-plugin: OctoperfVariablesApi.java",
)
PUT_VARIABLE = RestCall(
    "PUT",
    "/design/variables/{id}",
    body="json",
    answer="VariableWrapper",
    source="yhraichonak/cpt: cpt-env",
)
DELETE_VARIABLE = RestCall("DELETE", "/design/variables/{id}", source=f"{_MAVEN}/VariablesApi.java")
LIST_PROJECT_FILES = RestCall(
    "GET",
    "/design/project-files/list/{projectId}",
    answer="string[]",
    source=f"{_MAVEN}/ProjectFilesApi.java",
)
LIST_FILE_ENTRIES = RestCall(
    "GET", "/design/project-files/entries/{projectId}", answer="ProjectFile[]", optional=True
)
"""Names with sizes and dates; the original tells names only."""
READ_FILE_LINES = RestCall(
    "GET",
    "/design/project-files/{projectId}/{lines}",
    query=("filename", "offset"),
    answer="text",
)
GET_FILE = RestCall("GET", "/design/project-files/{projectId}", query=("filename",), answer="bytes")
UPLOAD_FILE = RestCall(
    "POST",
    "/design/project-files/{projectId}",
    query=("filename",),
    body="multipart",
    source=f"{_MAVEN}/ProjectFilesApi.java",
)
DELETE_FILE = RestCall(
    "DELETE",
    "/design/project-files/{projectId}",
    query=("filename",),
    source=f"{_MAVEN}/ProjectFilesApi.java",
)
SIGN_FILE = PRESIGN
SIGN_FILE_DOWNLOAD = PRESIGN_DOWNLOAD
LIST_HTTP_SERVERS = RestCall(
    "GET",
    "/design/http-servers/by-project/{projectId}",
    answer="HttpServer[]",
    source=f"{_MAVEN}/HttpServerApi.java",
)
GET_HTTP_SERVER = RestCall("GET", "/design/http-servers/{id}", answer="HttpServer")
PUT_HTTP_SERVER = RestCall(
    "PUT",
    "/design/http-servers/{id}",
    body="json",
    answer="HttpServer",
    source=f"{_MAVEN}/HttpServerApi.java",
)
LIST_HTTP_SERVER_USAGES = RestCall(
    "GET", "/design/http-servers/usages/{id}", answer="HttpServerUsage[]"
)
DELETE_HTTP_SERVER = RestCall(
    "DELETE", "/design/http-servers/{id}", source=f"{_MAVEN}/HttpServerApi.java"
)
DELETE_HTTP_SERVERS = RestCall(
    "POST",
    "/design/http-servers/by-project/{projectId}",
    body="json",
    source=f"{_MAVEN}/HttpServerApi.java",
)
"""Deletes the servers of the body."""
LIST_CORRELATION_RULES = RestCall(
    "GET", "/design/correlation-rules/by-project/{projectId}", answer="CorrelationRule[]"
)
CREATE_CORRELATION_RULE = RestCall(
    "POST", "/design/correlation-rules", body="json", answer="CorrelationRule"
)
GET_CORRELATION_RULE = RestCall("GET", "/design/correlation-rules/{id}", answer="CorrelationRule")
PUT_CORRELATION_RULE = RestCall(
    "PUT",
    "/design/correlation-rules/{id}",
    body="json",
    answer="CorrelationRule",
    optional=True,
)
DELETE_CORRELATION_RULE = RestCall("DELETE", "/design/correlation-rules/{id}")
LIST_FRAMEWORKS = RestCall("GET", "/design/correlation-frameworks", answer="CorrelationFramework[]")
ADD_FRAMEWORK = RestCall(
    "POST",
    "/design/correlation-rules/add-framework/{projectId}/{frameworkId}",
    answer="CorrelationRule[]",
)
PROPOSE_CORRELATIONS = RestCall(
    "GET",
    "/design/correlation-rules/proposals/{virtualUserId}",
    query=("limit", "names"),
    answer="CorrelationProposals",
    optional=True,
)
SUBMIT_TASK = RestCall("POST", "/tasks", body="json", answer="text", source=_TASKS)
FOLLOW_TASK = TASK_RESULT
GET_SCENARIO = RestCall(
    "GET",
    "/runtime/scenarios/{id}",
    answer="Scenario",
    source="OctoPerf/octoperf-maven-plugin: runtime-rest-api/ScenarioApi.java",
)
PUT_SCENARIO = RestCall("PUT", "/runtime/scenarios/{id}", body="json", answer="Scenario")
GET_BENCH_REPORT = RestCall("GET", "/analysis/bench-reports/{id}", answer="BenchReport")
PUT_BENCH_REPORT = RestCall(
    "PUT", "/analysis/bench-reports/{id}", body="json", answer="BenchReport"
)
LIST_VIRTUAL_USER_REVISIONS = RestCall(
    "GET", "/design/virtual-users/revisions/{id}", answer="Revision[]", optional=True
)
GET_VIRTUAL_USER_REVISION = RestCall(
    "GET", "/design/virtual-users/revisions/{id}/{version}", answer="VirtualUser", optional=True
)
UNDO_VIRTUAL_USER = RestCall(
    "POST",
    "/design/virtual-users/undo/{id}",
    query=("version",),
    answer="VirtualUser",
    optional=True,
)
LIST_VARIABLE_REVISIONS = RestCall(
    "GET", "/design/variables/revisions/{id}", answer="Revision[]", optional=True
)
GET_VARIABLE_REVISION = RestCall(
    "GET", "/design/variables/revisions/{id}/{version}", answer="VariableWrapper", optional=True
)
UNDO_VARIABLE = RestCall(
    "POST",
    "/design/variables/undo/{id}",
    query=("version",),
    answer="VariableWrapper",
    optional=True,
)
LIST_HTTP_SERVER_REVISIONS = RestCall(
    "GET", "/design/http-servers/revisions/{id}", answer="Revision[]", optional=True
)
GET_HTTP_SERVER_REVISION = RestCall(
    "GET", "/design/http-servers/revisions/{id}/{version}", answer="HttpServer", optional=True
)
UNDO_HTTP_SERVER = RestCall(
    "POST", "/design/http-servers/undo/{id}", query=("version",), answer="HttpServer", optional=True
)
LIST_CORRELATION_RULE_REVISIONS = RestCall(
    "GET", "/design/correlation-rules/revisions/{id}", answer="Revision[]", optional=True
)
GET_CORRELATION_RULE_REVISION = RestCall(
    "GET",
    "/design/correlation-rules/revisions/{id}/{version}",
    answer="CorrelationRule",
    optional=True,
)
UNDO_CORRELATION_RULE = RestCall(
    "POST",
    "/design/correlation-rules/undo/{id}",
    query=("version",),
    answer="CorrelationRule",
    optional=True,
)
LIST_SCENARIO_REVISIONS = RestCall(
    "GET", "/runtime/scenarios/revisions/{id}", answer="Revision[]", optional=True
)
GET_SCENARIO_REVISION = RestCall(
    "GET", "/runtime/scenarios/revisions/{id}/{version}", answer="Scenario", optional=True
)
UNDO_SCENARIO = RestCall(
    "POST", "/runtime/scenarios/undo/{id}", query=("version",), answer="Scenario", optional=True
)
LIST_BENCH_REPORT_REVISIONS = RestCall(
    "GET", "/analysis/bench-reports/revisions/{id}", answer="Revision[]", optional=True
)
GET_BENCH_REPORT_REVISION = RestCall(
    "GET", "/analysis/bench-reports/revisions/{id}/{version}", answer="BenchReport", optional=True
)
UNDO_BENCH_REPORT = RestCall(
    "POST",
    "/analysis/bench-reports/undo/{id}",
    query=("version",),
    answer="BenchReport",
    optional=True,
)
