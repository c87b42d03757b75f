"""Ids that agents send: which tool lists the right ones."""

from types import TracebackType
from typing import Self

from octoperf_mcp.errors import NotFoundError


class known_id:  # noqa: N801 - used as a statement, like contextlib's
    """Explain a 404 of the calls inside as a wrong id of this argument.

    A class, since a generator would cost a call of a tool a hundredth.

    Args:
        field: Wire name of the argument.
        value: The id as it was sent.
        listed_by: Tool whose answer holds the right ids.

    Raises:
        NotFoundError: names the argument and the tool.
    """

    __slots__ = ("_field", "_listed_by", "_value")

    def __init__(self, field: str, value: str, *, listed_by: str) -> None:
        self._field = field
        self._value = value
        self._listed_by = listed_by

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if not isinstance(error, NotFoundError):
            return
        raise NotFoundError(
            f"There is no {self._field} {self._value!r}, or you may not see it.",
            status=error.status,
            endpoint=error.endpoint,
            next_step=f"Take {self._field} from {self._listed_by}.",
            details={"field": self._field, "got": self._value},
        ) from error
