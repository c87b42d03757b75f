"""One measured action of one virtual user, as the load engine hands it to the recorder."""

from dataclasses import dataclass, field
from typing import Any

HIT = "Hit"
"""A request of the virtual user."""
CONTAINER = "Container"
"""A container: elapsed is the whole of it, think times included."""
RESOURCE = "Resource"
"""A sub-request that a page asked for: also a hit, shown apart as `<actionId>.resources`."""
STEP = "Step"
"""A part of a browser script, in a row of its own; steps overlap and never count as hits."""
ITERATION = "Iteration"
"""An iteration that was meant to start at an instant of its own (arrivals, pacing), from which it
counts: elapsed is the wait until its real start, plus its requests; latency is that wait."""
CUT_OFF = "CutOff"
"""The kind under which samples stopped in flight are counted; never a hit."""

SUMS = frozenset({CONTAINER, STEP, ITERATION})
"""Kinds that are made of others: no errors are kept of them, and no policy looks at them."""


@dataclass(slots=True)
class ErrorDetail:
    """What is kept of a failed sample, besides its counts."""

    message: str
    assertions: list[dict[str, Any]] = field(default_factory=list)
    """The assertions that did not hold: `{name, failure, error, message}`."""
    request: dict[str, Any] | None = None
    """HttpRequestEntity: method, url, httpVersion, headers, body, bodyTruncated."""
    response: dict[str, Any] | None = None
    """HttpResponseEntity: status, statusText, headers, body, contentType, bodyTruncated."""
    user: str = ""
    """Which user of the profile it happened to, as text."""


@dataclass(slots=True)
class Sample:
    """One sample. Times in microseconds, sizes in bytes, the start in epoch milliseconds."""

    action_id: str
    virtual_user_id: str
    profile: int
    """Index of the user profile in the scenario."""
    kind: str
    """HIT, CONTAINER, RESOURCE or STEP."""
    started_ms: int
    elapsed_us: int
    """From the start to the last byte, connecting included."""
    latency_us: int
    """From the start to the first byte of the answer, connecting included."""
    connect_us: int
    """0 when the connection was reused."""
    sent_bytes: int
    received_bytes: int
    code: str
    """Status as text; "-1" for a failure of the engine, "" for a container."""
    method: str
    media_type: str
    url: str
    ok: bool
    cut_off: bool = False
    """Stopped in flight by an abort: counted apart, not as a hit."""
    assertions_ok: int = 0
    assertions_failed: int = 0
    assertions_error: int = 0
    error: ErrorDetail | None = None
    """Of a request that failed; those of containers are their requests' and are not kept."""
