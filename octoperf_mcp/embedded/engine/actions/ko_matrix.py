"""The verdict of a validation on one request: live status against recorded status.

The matrix is the original's; a ResponseAssertion on the request takes its place.
"""

_OK = {(2, None), (2, 2), (3, None), (3, 3)}
"""Live and recorded family; everything else is KO. A live 3xx without a recording is OK (ours)."""


def is_ok(live: int, recorded: int | None) -> bool:
    """Whether a live status is what the recording lets expect.

    Args:
        live: Status of the answer, 0 or less when there was none.
        recorded: Status in the recording, None when nothing was recorded.
    """
    return (_family(live), None if recorded is None else _family(recorded)) in _OK


def _family(status: int) -> int:
    """The hundreds of a status; 0 for what is none."""
    family = status // 100
    return family if 1 <= family <= 5 else 0  # noqa: PLR2004 - 1xx to 5xx
