"""States of a bench result: they only go forward."""

from typing import Any

from octoperf_mcp.embedded.store.schema import now_ms
from octoperf_mcp.entities.runs import FINAL_STATES, STATES

Body = dict[str, Any]

FINISHED = "FINISHED"
ABORTED = "ABORTED"
ERROR = "ERROR"
_RANK = {state: rank for rank, state in enumerate(STATES)}
_FIRST_FINAL = min(_RANK[state] for state in FINAL_STATES)


def may_follow(state: str, then: str) -> bool:
    """Whether a run in `state` may get into `then`: later in the order, never out of a final one.

    ABORTED stands for a stop at any moment; ERROR ends what did not get to RUNNING.
    """
    return state not in FINAL_STATES and _RANK[then] > _RANK[state]


def advanced(body: Body, state: str, **facts: Any) -> Body:
    """The bench result in its next state; unchanged when it may not get there.

    Args:
        body: The bench result.
        state: Where it gets.
        facts: Properties that come with the state.
    """
    if not may_follow(body["state"], state):
        return body
    body = {**body, **facts, "state": state, "lastModified": now_ms()}
    if _RANK[state] >= _FIRST_FINAL:
        body["endedAt"] = body["lastModified"]
    return body


def progress_of(body: Body, at_ms: int) -> float:
    """How much of the planned duration is over, 0 to 100; it does not jump when a run is cut."""
    if body["state"] == FINISHED:
        return 100.0
    started, duration = body.get("startedAt"), body.get("durationMs")
    if not started or not duration:
        return 0.0
    over: float = ((body.get("endedAt") or at_ms) - started) * 100 / duration
    return round(min(100.0, max(0.0, over)), 2)
