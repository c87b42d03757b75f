"""Which answers of a request an extractor or assertion looks at, and at what in them."""

from collections.abc import Callable, Sequence

from octoperf_mcp.embedded.engine.wire.exchange import Exchange, as_text

REQUEST_ONLY = "REQUEST_ONLY"
REQUEST_AND_SUBREQUESTS = "REQUEST_AND_SUBREQUESTS"
SUBREQUESTS_ONLY = "SUBREQUESTS_ONLY"


def answers_of(exchange: Exchange, scope: str) -> Sequence[Exchange]:
    """The request itself, its sub-requests (redirects, resources of the page), or both."""
    if scope == REQUEST_AND_SUBREQUESTS:
        return [*exchange.hops, exchange, *exchange.resources]
    if scope == SUBREQUESTS_ONLY:
        return [*exchange.hops, *exchange.resources]
    return [exchange]


def _request_data(answer: Exchange) -> str:
    return as_text(answer.sent_body, "")


LOCATIONS: dict[str, Callable[[Exchange], str]] = {
    "BODY": lambda answer: answer.text,
    "DOCUMENT": lambda answer: answer.text,
    "HEADERS": lambda answer: answer.header_text,
    "CODE": lambda answer: answer.code,
    "MESSAGE": lambda answer: answer.reason,
    "URL": lambda answer: answer.url,
    "REQUEST_HEADERS": lambda answer: "\n".join(f"{n}: {v}" for n, v in answer.sent_headers),
    "REQUEST_DATA": _request_data,
}
