"""What all entities share: open objects, strict types, the discriminator `@type`."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Entity(BaseModel):
    """An open JSON object: unknown properties are allowed and kept, known ones have their type.

    A client's mapper may omit nulls or write them, so an optional property accepts both. Names
    are snake_case here and camelCase on the wire.
    """

    model_config = ConfigDict(extra="allow", strict=True, alias_generator=to_camel)


def type_name() -> Any:
    """The discriminator: class simple name, inline with the other properties."""
    return Field(alias="@type")


Name = Annotated[str, Field(min_length=1, max_length=80)]
"""Name of a document; longer is refused, not cut."""

Description = Annotated[str | None, Field(max_length=2000)]
"""Markdown; longer is refused, not cut."""

Flag = bool | None
"""A boolean; omitted or null reads as false."""

Text = str | None
"""A text that may be absent or null."""

Count = Annotated[int, Field(ge=0)]
"""An integer from 0."""

Stamp = int | float | str | None
"""Epoch milliseconds, or ISO-8601 from older clients; the platform writes its own."""

Tags = list[str] | None
"""A set of texts."""


class Owned(Entity):
    """What every stored document has; `id` is empty on create, the platform fills these in."""

    id: Text = None
    user_id: Text = None


class InProject(Owned):
    """A document of a project."""

    project_id: str
