"""Pages that editing points at."""

from octoperf_mcp import DeepLink

_PROJECT = "/ui/workspace/{workspaceId}/project/{projectId}"
_DSL = "abstracta/jmeter-java-dsl: octoperf/api"

WORKSPACES = DeepLink("/ui/workspace")
PROJECT = DeepLink(f"{_PROJECT}/design/virtual-user", source=f"{_DSL}/Project.java")
VIRTUAL_USER = DeepLink(
    f"{_PROJECT}/design/virtual-user/{{virtualUserId}}", source=f"{_DSL}/VirtualUser.java"
)
SCENARIO = DeepLink(f"{_PROJECT}/runtime/scenario/{{scenarioId}}", source=f"{_DSL}/Scenario.java")
HTTP_SERVERS = DeepLink(f"{_PROJECT}/design/http-server")
HTTP_SERVER = DeepLink(f"{_PROJECT}/design/http-server/{{httpServerId}}")
CORRELATION_RULES = DeepLink(f"{_PROJECT}/design/correlation-rule")
CORRELATION_RULE = DeepLink(f"{_PROJECT}/design/correlation-rule/{{ruleId}}")
VARIABLES = DeepLink(f"{_PROJECT}/design/variable")
VARIABLE = DeepLink(f"{_PROJECT}/design/variable/{{variableId}}")
PROJECT_FILES = DeepLink(f"{_PROJECT}/design/project-file")
REPORT = DeepLink(
    f"{_PROJECT}/analysis/report/{{reportId}}",
    source="jenkinsci/octoperf-plugin, OctoPerf/octoperf-maven-plugin",
)
