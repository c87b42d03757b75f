"""estimate_capacity, as the agent sees it."""

from typing import Any

from octoperf_analysis import capacity_tools as tools

RUN = {"id": "res1", "designProjectId": "p1", "benchReportId": "rep1"}
NONE = {"reason": "Too short.", "warnings": [], "levels": []}
KNEE = {
    "users": 43.6, "usersLow": 42.0, "usersHigh": 45.0,
    "hitsPerSec": 160.0, "hitsPerSecLow": 158.0, "hitsPerSecHigh": 162.0,
}  # fmt: skip


async def test_a_knee_comes_with_its_interval_and_none_with_its_reason(context: Any) -> None:
    fake = context("octoperf_analysis", {
        "GET /runtime/bench-results/res1": RUN,
        "GET /analysis/statistics/capacity/res1": {**NONE, "knee": KNEE, "fit": {"r2": 0.99}},
    })  # fmt: skip
    found = await fake.run(tools.estimate_capacity, {"benchResultId": "res1"})
    assert found["knee"] == KNEE
    fake.answers["GET /analysis/statistics/capacity/res1"] = NONE
    found = await fake.run(tools.estimate_capacity, {"benchResultId": "res1"})
    assert (found.get("knee"), found["reason"]) == (None, "Too short.")
