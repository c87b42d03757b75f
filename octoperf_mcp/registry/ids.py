"""Ids that agents send: which tool lists the right ones."""

from collections.abc import Iterator
from contextlib import contextmanager

from octoperf_mcp.errors import NotFoundError


@contextmanager
def known_id(field: str, value: str, *, listed_by: str) -> Iterator[None]:
    """Explain a 404 of the calls inside as a wrong id of this argument.

    Args:
        field: Wire name of the argument.
        value: The id as it was sent.
        listed_by: Tool whose answer holds the right ids.

    Raises:
        NotFoundError: names the argument and the tool.
    """
    try:
        yield
    except NotFoundError as error:
        raise NotFoundError(
            f"There is no {field} {value!r}, or you may not see it.",
            status=error.status,
            endpoint=error.endpoint,
            next_step=f"Take {field} from {listed_by}.",
            details={"field": field, "got": value},
        ) from error
