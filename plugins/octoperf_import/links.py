"""Pages that the imports point at."""

from octoperf_mcp import DeepLink

PROJECT = DeepLink(
    "/ui/workspace/{workspaceId}/project/{projectId}/design/virtual-user",
    source="abstracta/jmeter-java-dsl: octoperf/api/Project.java",
)
"""Where a user uploads by hand what an agent cannot send."""
VIRTUAL_USER = DeepLink(
    "/ui/workspace/{workspaceId}/project/{projectId}/design/virtual-user/{virtualUserId}",
    source="abstracta/jmeter-java-dsl: octoperf/api/VirtualUser.java",
)
"""What an import made."""
