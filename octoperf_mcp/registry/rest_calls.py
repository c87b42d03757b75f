"""Calls of the OctoPerf REST API, declared before they can be made."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from octoperf_mcp.registry.base_addresses import BaseAddress
from octoperf_mcp.registry.paths import PathTemplate, to_snake

Body = Literal["none", "json", "form", "multipart", "stream"]
"""What the request carries."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body, text in UTF-8; a list of them is the body of such a call."""

    name: str
    content: str
    filename: str = ""
    media_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, eq=False)
class RestCall:
    """One route of the REST API, as a plugin may call it.

    A call is registered by identity, which is looked up on the way of each tool call.

    Args:
        method: HTTP method in capitals.
        path: Path template with the wire's spelling, `/design/projects/{id}`.
        query: Wire names of the query parameters that may be sent.
        body: What the request carries.
        answer: Entity by name (`Project`, `Project[]`,
            `ValueWrapper<Double>`), or `none`, `text`, `bytes`.
        optional: Whether an upstream may lack it; a tool that needs it is then not listed.
        reads: That it changes nothing although it is a POST; GET and HEAD never do.
        source: Where the route was seen, or `INFERRED`.
        base: Another service than OctoPerf that is called; the path goes behind its address.
    """

    method: str
    path: str
    query: tuple[str, ...] = ()
    body: Body = "none"
    answer: str = "none"
    optional: bool = False
    reads: bool = False
    source: str = "INFERRED"
    base: BaseAddress | None = None
    template: PathTemplate = field(init=False, compare=False, repr=False)
    query_names: tuple[tuple[str, str], ...] = field(init=False, compare=False, repr=False)
    """Query parameters: wire name and ours."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "template", PathTemplate(self.path))
        object.__setattr__(self, "query_names", tuple((n, to_snake(n)) for n in self.query))

    @property
    def parameters(self) -> tuple[str, ...]:
        """Wire names of what the path holds, in order."""
        return self.template.parameters

    @property
    def safe(self) -> bool:
        """Whether it may be made on a read-only connection."""
        return self.reads or self.method in {"GET", "HEAD"}

    @property
    def endpoint(self) -> str:
        """Method and path template, as `GET /capabilities` lists it; `POST chat:/x` elsewhere."""
        if self.base is not None:
            return f"{self.method} {self.base.name}:{self.path}"
        return f"{self.method} {self.path}"


def named_calls(plugin: object, calls: Iterable[RestCall]) -> Mapping[str, RestCall]:
    """The calls of a plugin by name, as an operator's file of routes spells them.

    A call is named after the constant of the plugin's module `rest` (or of the plugin, when it is
    one module) that holds it, in lower case; one that no constant holds, by its endpoint.
    """
    name = str(getattr(plugin, "__name__", ""))
    places = [sys.modules.get(f"{name}.rest"), plugin]
    constants = {
        id(value): key.lower()
        for place in reversed(places)
        for key, value in getattr(place, "__dict__", {}).items()
        if isinstance(value, RestCall)
    }
    return {constants.get(id(call), call.endpoint): call for call in calls}
