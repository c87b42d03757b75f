"""Pages that validations are about."""

from octoperf_mcp import DeepLink

VIRTUAL_USER = DeepLink(
    "/ui/workspace/{workspaceId}/project/{projectId}/design/virtual-user/{virtualUserId}",
    source="abstracta/jmeter-java-dsl: api/VirtualUser.java",
)
VALIDATION = DeepLink(
    "/ui/workspace/{workspaceId}/project/{projectId}/design/virtual-user/{virtualUserId}/validation"
)

PAGES = (VIRTUAL_USER, VALIDATION)
