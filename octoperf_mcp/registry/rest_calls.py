"""Calls of the OctoPerf REST API, declared before they can be made."""

import re
from dataclasses import dataclass, field
from typing import Literal

Body = Literal["none", "json", "form", "multipart", "stream"]
"""What the request carries."""

_PARAMETER = re.compile(r"\{(\w+)\}")


def to_snake(wire_name: str) -> str:
    """`workspaceId` → `workspace_id`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", wire_name).lower()


@dataclass(frozen=True, slots=True)
class RestCall:
    """One route of the REST API, as a plugin may call it.

    Args:
        method: HTTP method in capitals.
        path: Path template with the wire's spelling, `/design/projects/{id}`.
        query: Wire names of the query parameters that may be sent.
        body: What the request carries.
        answer: Entity as `reference/rest-api.md` names it (`Project`, `Project[]`,
            `ValueWrapper<Double>`), or `none`, `text`, `bytes`.
        optional: Whether an upstream may lack it; a tool that needs it is then not listed.
        source: Where the route was seen, or `INFERRED`.
    """

    method: str
    path: str
    query: tuple[str, ...] = ()
    body: Body = "none"
    answer: str = "none"
    optional: bool = False
    source: str = "INFERRED"
    parameters: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(_PARAMETER.findall(self.path)))

    @property
    def endpoint(self) -> str:
        """Method and path template, as `GET /capabilities` lists it."""
        return f"{self.method} {self.path}"
