"""States of a run; validations are runs too.

CREATED → PENDING → SCALING → PREPARING → INITIALIZING → RUNNING → FINISHED or ABORTED, with
ERROR after INITIALIZING when the load generators could not be provided. A state never goes back.
"""

STATES = (
    "CREATED",
    "PENDING",
    "SCALING",
    "PREPARING",
    "INITIALIZING",
    "RUNNING",
    "FINISHED",
    "ABORTED",
    "ERROR",
)

FINAL_STATES = frozenset({"FINISHED", "ABORTED", "ERROR"})


def is_over(state: str) -> bool:
    """Whether a run in this state has ended for good."""
    return state in FINAL_STATES
