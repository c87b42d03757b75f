"""Pages of scenarios, runs and their reports."""

from octoperf_mcp import DeepLink

_PROJECT = "/ui/workspace/{workspaceId}/project/{projectId}"
_DSL = "abstracta/jmeter-java-dsl: octoperf/api"

WORKSPACES = DeepLink("/ui/workspace")
VIRTUAL_USER = DeepLink(
    f"{_PROJECT}/design/virtual-user/{{virtualUserId}}", source=f"{_DSL}/VirtualUser.java"
)
VALIDATION = DeepLink(f"{_PROJECT}/design/virtual-user/{{virtualUserId}}/validation")
SCENARIO = DeepLink(f"{_PROJECT}/runtime/scenario/{{scenarioId}}", source=f"{_DSL}/Scenario.java")
REPORT = DeepLink(
    f"{_PROJECT}/analysis/report/{{reportId}}",
    source="jenkinsci/octoperf-plugin, OctoPerf/octoperf-maven-plugin",
)
BENCH_RESULT = DeepLink(f"{_PROJECT}/analysis/bench-result/{{benchResultId}}")

PAGES = (WORKSPACES, VIRTUAL_USER, VALIDATION, SCENARIO, REPORT, BENCH_RESULT)
