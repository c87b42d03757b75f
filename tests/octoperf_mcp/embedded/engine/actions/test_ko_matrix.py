"""The matrix of recorded against live status, cell by cell."""

import pytest

from octoperf_mcp.embedded.engine.actions.ko_matrix import is_ok

NONE, UNKNOWN = None, 0
OK, KO = True, False
COLUMNS = [NONE, 200, 302, 404, 503, UNKNOWN]
TABLE = {
    200: [OK, OK, KO, KO, KO, KO],
    204: [OK, OK, KO, KO, KO, KO],
    302: [OK, KO, OK, KO, KO, KO],
    304: [OK, KO, OK, KO, KO, KO],
    404: [KO, KO, KO, KO, KO, KO],
    500: [KO, KO, KO, KO, KO, KO],
    -1: [KO, KO, KO, KO, KO, KO],
    0: [KO, KO, KO, KO, KO, KO],
    999: [KO, KO, KO, KO, KO, KO],
}


@pytest.mark.parametrize(
    ("live", "recorded", "verdict"),
    [
        (live, recorded, verdict)
        for live, verdicts in TABLE.items()
        for recorded, verdict in zip(COLUMNS, verdicts, strict=True)
    ],
)
def test_the_live_status_is_judged_by_the_recorded_one(
    live: int, recorded: int | None, verdict: bool
) -> None:
    assert is_ok(live, recorded) is verdict
