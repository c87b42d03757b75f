"""Pages of the OctoPerf web UI that tools point at."""

from dataclasses import dataclass, field

from octoperf_mcp.registry.paths import PathTemplate


@dataclass(frozen=True, slots=True)
class DeepLink:
    """One page: a path template below the origin of the web UI, `/ui/workspace/{workspaceId}`."""

    path: str
    source: str = "INFERRED"
    template: PathTemplate = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "template", PathTemplate(self.path))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Wire names of what the path holds, in order."""
        return self.template.parameters

    def fill(self, origin: str, **values: str) -> str:
        """Address of the page; values by snake_case name (`workspace_id`), percent-encoded."""
        return origin + self.template.fill(values)
