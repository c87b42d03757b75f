"""REST calls: of the platform, each with where it was seen, and of the chat."""

from octoperf_mcp import BaseAddress, RestCall

GET_RUN = RestCall(
    "GET",
    "/runtime/bench-results/{id}",
    answer="BenchResult",
    source="OctoPerf/octoperf-maven-plugin: runtime-rest-api/BenchResultsApi.java",
)
LIST_RUNS = RestCall(
    "GET", "/runtime/bench-results/by-project/{projectId}", answer="BenchResult[]", optional=True
)
SUMMARY = RestCall(
    "POST", "/analysis/metrics/summary", ("from", "to"), "json", answer="number[]", reads=True
)
TABLE = RestCall("POST", "/analysis/metrics/table", (), "json", answer="TableEntry[]", reads=True)
KEEP = RestCall("PUT", "/delivery/verdicts/{benchResultId}", body="json", optional=True)
"""An addition of some OctoPerf installations; others lack it, and the tool with it."""

CHAT = BaseAddress("chat", setting="webhook_url", timeout_s=10, max_answer_bytes=64 * 1024)
SAY = RestCall(
    "POST",
    "",
    body="json",
    answer="text",
    base=CHAT,
    source="Slack: Sending messages using incoming webhooks",
)
