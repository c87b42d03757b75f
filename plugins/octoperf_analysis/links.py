"""Pages of reports."""

from octoperf_mcp import DeepLink

_ANALYSIS = "/ui/workspace/{workspaceId}/project/{projectId}/analysis"

REPORTS = DeepLink(f"{_ANALYSIS}/report")
REPORT = DeepLink(
    f"{_ANALYSIS}/report/{{reportId}}",
    source="jenkinsci/octoperf-plugin, OctoPerf/octoperf-maven-plugin",
)

PAGES = (REPORTS, REPORT)
