"""Pages of the OctoPerf web UI that tools point at."""

import re
from dataclasses import dataclass, field
from urllib.parse import quote

from octoperf_mcp.registry.rest_calls import to_snake

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class DeepLink:
    """One page: a path template below the origin of the web UI, `/ui/workspace/{workspaceId}`."""

    path: str
    source: str = "INFERRED"
    parameters: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(_PARAMETER.findall(self.path)))

    def fill(self, origin: str, **values: str) -> str:
        """Address of the page; values by snake_case name (`workspace_id`), percent-encoded."""
        path = self.path
        for name in self.parameters:
            path = path.replace(f"{{{name}}}", quote(values[to_snake(name)], safe=""))
        return origin + path
