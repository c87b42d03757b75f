"""REST calls that the core itself makes."""

from octoperf_mcp.registry.rest_calls import RestCall

GET_PROJECT = RestCall(
    "GET",
    "/design/projects/{id}",
    answer="Project",
    source="jenkinsci/octoperf-plugin: project/ProjectService",
)
CAPABILITIES = RestCall("GET", "/capabilities", answer="Capabilities", optional=True)

ACTIVITY = RestCall("GET", "/users/current/activity", answer="Activity", optional=True)
"""Its being offered says that the platform keeps an audit trail."""

CORE_CALLS = frozenset({GET_PROJECT, CAPABILITIES, ACTIVITY})
