"""Pages that discovery points at."""

from octoperf_mcp import DeepLink

_WORKSPACE = "/ui/workspace/{workspaceId}"
_PROJECT = f"{_WORKSPACE}/project/{{projectId}}"
_DSL = "abstracta/jmeter-java-dsl: octoperf/api"

WORKSPACES = DeepLink("/ui/workspace")
WORKSPACE = DeepLink(_WORKSPACE, source=f"{_DSL}/Workspace.java")
PROJECTS = DeepLink(f"{_WORKSPACE}/project")
PROJECT = DeepLink(f"{_PROJECT}/design/virtual-user", source=f"{_DSL}/Project.java")
VIRTUAL_USER = DeepLink(
    f"{_PROJECT}/design/virtual-user/{{virtualUserId}}", source=f"{_DSL}/VirtualUser.java"
)
SCENARIOS = DeepLink(f"{_PROJECT}/runtime/scenario", source="yhraichonak/cpt: README_CI.md")
SCENARIO = DeepLink(f"{_PROJECT}/runtime/scenario/{{scenarioId}}", source=f"{_DSL}/Scenario.java")
PROVIDERS = DeepLink(f"{_WORKSPACE}/docker-provider")
PROVIDER = DeepLink(f"{_WORKSPACE}/docker-provider/{{providerId}}")
