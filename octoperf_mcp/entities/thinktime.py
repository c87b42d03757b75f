"""Think time values; times in milliseconds."""

from typing import Annotated, Literal

from pydantic import Field

from octoperf_mcp.entities.base import Entity, type_name

Millis = Annotated[float, Field(ge=0)]


class ThinktimeConstant(Entity):
    """Always the same pause."""

    kind: Literal["ThinktimeConstant"] = type_name()
    value: Millis


class ThinktimeRange(Entity):
    """Drawn uniformly."""

    kind: Literal["ThinktimeRange"] = type_name()
    min: Millis
    max: Millis


class ThinktimeText(Entity):
    """A text that may hold variables or a function."""

    kind: Literal["ThinktimeText"] = type_name()
    value: str


class ThinktimeGaussian(Entity):
    """Normally distributed around an offset."""

    kind: Literal["ThinktimeGaussian"] = type_name()
    offset: Millis
    deviation: Millis


class ThroughputThinktime(Entity):
    """Keeps each user at so many hits per second; switches pacing off."""

    kind: Literal["ThroughputThinktime"] = type_name()
    hits_per_second: Annotated[float, Field(gt=0)]


Thinktime = Annotated[
    ThinktimeConstant | ThinktimeRange | ThinktimeText | ThinktimeGaussian | ThroughputThinktime,
    Field(discriminator="kind"),
]
