"""Types of arguments that several tools take."""

from typing import Annotated

from pydantic import Field

from octoperf_mcp.errors import InvalidArgumentError

Name = Annotated[str, Field(min_length=1, max_length=80)]
Description = Annotated[str, Field(max_length=2000)]
Milliseconds = Annotated[int, Field(ge=0, le=86_400_000)]


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
