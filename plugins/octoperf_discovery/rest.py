"""REST calls of discovery, each with the source that shows it."""

from octoperf_mcp import RestCall

_DSL = "abstracta/jmeter-java-dsl: octoperf/OctoPerfClient.java"
_MAVEN = "OctoPerf/octoperf-maven-plugin"

LIST_WORKSPACES = RestCall("GET", "/workspaces/member-of", answer="Workspace[]", source=_DSL)
LIST_PROJECTS = RestCall(
    "GET",
    "/design/projects/by-workspace/{workspaceId}/DESIGN",
    answer="Project[]",
    source=f"{_MAVEN}: design-rest-api/ProjectsApi.java",
)
LIST_VIRTUAL_USERS = RestCall(
    "GET",
    "/design/virtual-users/description/by-project/{projectId}",
    answer="VirtualUserDescription[]",
    source=f"{_MAVEN}: design-rest-api/VirtualUserApi.java",
)
DESCRIBE_VIRTUAL_USER = RestCall(
    "GET", "/design/virtual-users/description/{id}", answer="VirtualUserDescription"
)
GET_VIRTUAL_USER = RestCall("GET", "/design/virtual-users/{id}", answer="VirtualUser")
LIST_SCENARIOS = RestCall(
    "GET",
    "/runtime/scenarios/by-project/{projectId}",
    answer="Scenario[]",
    source=f"{_MAVEN}: runtime-rest-api/ScenarioApi.java",
)
LIST_REPORTS = RestCall(
    "GET", "/analysis/bench-reports/by-project/{projectId}", answer="BenchReport[]"
)
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
