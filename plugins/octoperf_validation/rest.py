"""REST calls of validations.

No public client shows the calls of a validation; their paths follow the platform's habits. That a
validation is an ordinary run is observed (skill validation-triage).
"""

from octoperf_mcp import RestCall

GET_VIRTUAL_USER = RestCall("GET", "/design/virtual-users/{id}", answer="VirtualUser")
SANITY_CHECK = RestCall(
    "GET", "/design/virtual-users/sanity-check/{id}", answer="SanityCheckMessage[]"
)
RUN_VALIDATION = RestCall(
    "POST", "/runtime/validations/run/{virtualUserId}", body="json", answer="BenchResult"
)
STOP = RestCall(
    "POST",
    "/runtime/bench-results/stop/{id}",
    answer="BenchResult",
    source="OctoPerf/octoperf-maven-plugin: runtime-rest-api/BenchResultsApi.java",
)
LATEST_VALIDATION = RestCall(
    "GET",
    "/runtime/validations/by-virtual-user/{virtualUserId}",
    query=("projectId",),
    answer="BenchResult",
)
VALIDATION_INDEX = RestCall(
    "GET", "/analysis/validations/index/{virtualUserId}", answer="ValidationIndexEntry[]"
)
VALIDATION_HTTP = RestCall(
    "GET",
    "/analysis/validations/http/{virtualUserId}/{actionId}",
    query=("timestamp",),
    answer="ValidationFailureDetail",
)
VALIDATION_BODY = RestCall(
    "GET",
    "/analysis/validations/body/{virtualUserId}/{actionId}",
    query=("kind", "timestamp"),
    answer="bytes",
)

CALLS = (
    GET_VIRTUAL_USER,
    SANITY_CHECK,
    RUN_VALIDATION,
    STOP,
    LATEST_VALIDATION,
    VALIDATION_INDEX,
    VALIDATION_HTTP,
    VALIDATION_BODY,
)
