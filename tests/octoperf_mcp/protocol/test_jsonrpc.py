"""Reading messages: what tests/fuzz looks for, on inputs that are the same each time."""

import pytest

from tests.fuzz.messages import SEEDS, check, neighbours


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: ascii(seed[:40]))
def test_bytes_near_a_message_are_read_or_refused(seed: bytes) -> None:
    for data in neighbours(seed):
        check(data)
