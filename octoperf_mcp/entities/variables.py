"""Variables of a project: the wrapper that is stored, and what it holds."""

from typing import Annotated, Literal

from pydantic import Field

from octoperf_mcp.entities.base import Description, Entity, Flag, InProject, Name, Text, type_name

Scope = Literal["PRIVATE", "SHARED"]


class SecretValue(Entity):
    """A client sends PLAIN; storage and answers hold ENCRYPTED."""

    type: Literal["PLAIN", "ENCRYPTED"]
    value: str


class ConstantVariable(Entity):
    """Set once for each virtual user."""

    kind: Literal["ConstantVariable"] = type_name()
    value: str


class SecretVariable(Entity):
    """A constant that is encrypted at rest and masked in logs."""

    kind: Literal["SecretVariable"] = type_name()
    value: SecretValue


class CSVVariable(Entity):
    """One line of a project file per iteration; no names means that the file has a header line."""

    kind: Literal["CSVVariable"] = type_name()
    filename: Annotated[str, Field(min_length=1)]
    encoding: Text = None
    delimiter: str
    allow_quoted_data: Flag = None
    recycle_on_eof: Annotated[Flag, Field(alias="recycleOnEOF")] = None
    stop_thread_on_eof: Annotated[Flag, Field(alias="stopThreadOnEOF")] = None
    scope: Scope
    names: list[str]
    shuffle: Flag = None
    ignore_first_line: Flag = None
    offset: int | None = None


class CounterVariable(Entity):
    """Grows each iteration; `format` is a DecimalFormat pattern."""

    kind: Literal["CounterVariable"] = type_name()
    start: int | None = None
    end: int | None = None
    increment: int | None = None
    format: Text = None
    track_per_user: Flag = None
    reset_on_iteration: Flag = None


class RandomVariable(Entity):
    """An integer within bounds, both included."""

    kind: Literal["RandomVariable"] = type_name()
    min: int
    max: int
    format: Text = None
    seed: int | None = None
    per_user: Flag = None


class ListVariable(Entity):
    """One of the values per iteration."""

    kind: Literal["ListVariable"] = type_name()
    values: list[str]
    order: Literal["SEQUENTIAL", "RANDOM"] | None = None
    scope: Scope | None = None
    recycle_on_end: Flag = None


Variable = Annotated[
    ConstantVariable
    | SecretVariable
    | CSVVariable
    | CounterVariable
    | RandomVariable
    | ListVariable,
    Field(discriminator="kind"),
]


class VariableWrapper(InProject):
    """The document; for a CSV variable the name is only a label."""

    name: Name
    description: Description = None
    variable: Variable
