"""The states of a run, as reference clients know them."""

import pytest

from octoperf_mcp.entities.runs import FINAL_STATES, STATES, is_over


@pytest.mark.parametrize("state", STATES)
def test_only_the_final_states_are_over(state: str) -> None:
    assert is_over(state) == (state in {"FINISHED", "ABORTED", "ERROR"})


def test_the_final_states_come_last() -> None:
    assert set(STATES[-3:]) == FINAL_STATES
