"""Pages of the web UI."""

from octoperf_mcp import DeepLink

_ANALYSIS = "/ui/workspace/{workspaceId}/project/{projectId}/analysis"

REPORTS = DeepLink(f"{_ANALYSIS}/report")
REPORT = DeepLink(f"{_ANALYSIS}/report/{{reportId}}")
BENCH_RESULT = DeepLink(f"{_ANALYSIS}/bench-result/{{benchResultId}}")
