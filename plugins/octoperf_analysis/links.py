"""Pages of reports."""

from octoperf_mcp import DeepLink

_ANALYSIS = "/ui/workspace/{workspaceId}/project/{projectId}/analysis"

REPORTS = DeepLink(f"{_ANALYSIS}/report")
REPORT = DeepLink(
    f"{_ANALYSIS}/report/{{reportId}}",
    source="jenkinsci/octoperf-plugin, OctoPerf/octoperf-maven-plugin",
)
BENCH_RESULT = DeepLink(f"{_ANALYSIS}/bench-result/{{benchResultId}}")

PAGES = (REPORTS, REPORT, BENCH_RESULT)
