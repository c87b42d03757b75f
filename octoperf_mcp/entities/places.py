"""Where documents live: workspaces, projects and load-generator providers."""

from typing import Annotated, Any, Literal

from pydantic import Field

from octoperf_mcp.entities.base import Description, Name, Owned, Stamp, Tags, Text

LocationName = Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]


class Workspace(Owned):
    """The tenant."""

    name: Name
    description: Description = None
    created: Stamp = None
    last_modified: Stamp = None


class Project(Owned):
    """An edited project, or the frozen copy that belongs to one run."""

    workspace_id: str
    name: Name
    description: Description = None
    type: Literal["DESIGN", "RESULT"] | None = None
    tags: Tags = None
    created: Stamp = None
    last_modified: Stamp = None


class DockerProvider(Owned):
    """Machines that make load; the keys of `regions` are location names."""

    name: Name
    type: Literal["PUBLIC", "PRIVATE"]
    driver: str
    regions: dict[LocationName, dict[str, Any]]
    workspace_id: Text = None
