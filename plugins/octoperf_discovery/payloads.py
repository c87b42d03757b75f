"""What the tools of discovery answer."""

from octoperf_mcp import Listing, payload


@payload
class WorkspaceRow:
    """One workspace."""

    id: str
    name: str
    description: str
    url: str


@payload
class WorkspaceList:
    """The workspaces of the signed-in account."""

    workspaces: list[WorkspaceRow]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class ProjectList:
    """Design projects of a workspace."""

    projects: list[Listing]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class VirtualUserListing(Listing):
    """A virtual user without its tree; dates are epoch milliseconds."""

    type: str | None = None


@payload
class VirtualUserList:
    """Virtual users of a project."""

    virtual_users: list[VirtualUserListing]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class ScenarioList:
    """Scenarios of a project."""

    scenarios: list[Listing]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class ProviderRow:
    """A provider; each location is a value for the `location` of scenario tools.

    `max_users` is the most virtual users that a location holds now; 0: no machine is there.
    """

    id: str
    name: str
    type: str | None = None
    driver: str | None = None
    locations: list[str]
    max_users: dict[str, int] | None = None
    url: str


@payload
class ProviderList:
    """Load-generator providers."""

    docker_providers: list[ProviderRow]
    total: int
    next_cursor: str | None = None
    url: str
