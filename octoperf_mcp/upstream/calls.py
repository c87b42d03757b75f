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

GET_VALUE = RestCall("GET", "/users/current/kept-values/{name}", answer="text", optional=True)
KEEP_VALUE = RestCall("PUT", "/users/current/kept-values/{name}", body="json", optional=True)
DROP_VALUE = RestCall("DELETE", "/users/current/kept-values/{name}", optional=True)

CORE_CALLS = frozenset({GET_PROJECT, CAPABILITIES, ACTIVITY, GET_VALUE, KEEP_VALUE, DROP_VALUE})
