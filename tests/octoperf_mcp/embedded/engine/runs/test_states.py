from itertools import product
from typing import Any

import pytest

from octoperf_mcp.embedded.engine.runs.states import advanced, may_follow, progress_of
from octoperf_mcp.entities.runs import FINAL_STATES, STATES


@pytest.mark.parametrize(("before", "after"), list(product(STATES, STATES)))
def test_a_state_never_goes_back_and_a_final_one_never_changes(before: str, after: str) -> None:
    expected = before not in FINAL_STATES and STATES.index(after) > STATES.index(before)
    assert may_follow(before, after) is expected
    body: dict[str, Any] = {"state": before, "lastModified": 1}
    changed = advanced(body, after, startedAt=5)
    assert changed["state"] == (after if expected else before)
    assert ("startedAt" in changed) is expected
    assert ("endedAt" in changed) is (expected and after in FINAL_STATES)


@pytest.mark.parametrize(
    ("facts", "progress"),
    [
        ({"state": "INITIALIZING"}, 0.0),
        ({"state": "RUNNING", "startedAt": 1000, "durationMs": 4000}, 50.0),
        ({"state": "RUNNING", "startedAt": 1000, "durationMs": 1000}, 100.0),
        ({"state": "RUNNING", "startedAt": 9000, "durationMs": 1000}, 0.0),
        ({"state": "ABORTED", "startedAt": 1000, "durationMs": 4000, "endedAt": 2000}, 25.0),
        ({"state": "FINISHED", "startedAt": 1000, "durationMs": 4000, "endedAt": 2000}, 100.0),
    ],
)
def test_progress_is_a_share_of_the_planned_time(facts: dict[str, Any], progress: float) -> None:
    assert progress_of(facts, 3000) == progress
