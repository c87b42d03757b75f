"""Pages of scenarios, runs and their reports."""

from octoperf_mcp import DeepLink

_PROJECT = "/ui/workspace/{workspaceId}/project/{projectId}"
_DSL = "abstracta/jmeter-java-dsl: octoperf/api"

WORKSPACES = DeepLink("/ui/workspace")
VIRTUAL_USER = DeepLink(
    f"{_PROJECT}/design/virtual-user/{{virtualUserId}}", source=f"{_DSL}/VirtualUser.java"
)
VALIDATION = DeepLink(f"{_PROJECT}/design/virtual-user/{{virtualUserId}}/validation")
SCENARIOS = DeepLink(f"{_PROJECT}/runtime/scenario", source="yhraichonak/cpt: README_CI.md")
SCENARIO = DeepLink(f"{_PROJECT}/runtime/scenario/{{scenarioId}}", source=f"{_DSL}/Scenario.java")
SUBSCRIPTION = DeepLink("/ui/account/subscription")
JOBS = DeepLink(f"{_PROJECT}/runtime/scheduled-job")
REPORT = DeepLink(
    f"{_PROJECT}/analysis/report/{{reportId}}",
    source="jenkinsci/octoperf-plugin, OctoPerf/octoperf-maven-plugin",
)
REPORTS = DeepLink(f"{_PROJECT}/analysis/report")
BENCH_RESULT = DeepLink(f"{_PROJECT}/analysis/bench-result/{{benchResultId}}")

PAGES = (
    WORKSPACES,
    VIRTUAL_USER,
    VALIDATION,
    SCENARIOS,
    SCENARIO,
    SUBSCRIPTION,
    JOBS,
    REPORT,
    REPORTS,
    BENCH_RESULT,
)
