"""Arguments that several tools take."""

from typing import Annotated

from pydantic import Field

from octoperf_mcp.errors import InvalidArgumentError

Name = Annotated[str, Field(min_length=1, max_length=80)]
Description = Annotated[str, Field(max_length=2000)]
Milliseconds = Annotated[int, Field(ge=0, le=86_400_000)]
VariableName = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_.\-]+$")]
FileName = Annotated[str, Field(min_length=1, max_length=200)]


def something_given(**values: object) -> None:
    """Refuse an edit that changes nothing.

    Raises:
        InvalidArgumentError: all values are None.
    """
    if all(value is None for value in values.values()):
        raise InvalidArgumentError(
            "Nothing to change was given.",
            allowed=list(values),
            next_step="Send at least one of the allowed arguments.",
        )


def check_variable(name: str, field: str = "name") -> None:
    """Refuse a name that `${…}` reads as a call.

    Raises:
        InvalidArgumentError: it begins with `__`.
    """
    if name.startswith("__"):
        raise InvalidArgumentError(
            "A variable whose name begins with __ reads as a function call.",
            field=field,
            got=name,
            did_you_mean=name.lstrip("_"),
            next_step="Choose a name without the leading underscores.",
        )


def check_filename(filename: str) -> None:
    """Refuse a name with a directory part, which project files do not have.

    Raises:
        InvalidArgumentError: suggests the name alone.
    """
    last = filename.replace("\\", "/").rpartition("/")[2]
    if last != filename:
        raise InvalidArgumentError(
            "A project file has a name and no directory part.",
            field="filename",
            got=filename,
            did_you_mean=last,
            next_step="Send the name alone, as list_project_files answers it.",
        )
