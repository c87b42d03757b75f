"""What a run measures, beside what its target wrote down of each request."""

import csv
import gzip
from collections import Counter
from typing import Any

from tests.octoperf_mcp.embedded.engine.players import request
from tests.octoperf_mcp.embedded.engine.stage import Stage, ramp, think
from tests.octoperf_mcp.embedded.engine.target import Answer, Target

ITERATIONS = 40
PAUSE_MS = 20
CLOCK_MS = 1.0
"""The raw results are in whole milliseconds."""


def samples(stage: Stage, run_id: str) -> list[dict[str, Any]]:
    folder = stage.data_dir / "runs" / run_id / "files"
    (path,) = folder.glob("*.jtl.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return sorted(rows, key=lambda row: int(row["timeStamp"]))


async def test_each_profile_keeps_the_raw_results_that_it_wants(
    stage: Stage, target: Target
) -> None:
    """The engine's property `jtl.type`; what is counted is the same."""
    profiles = []
    for kind, path in (("ALL", "/all"), ("ERRORS", "/errors"), ("NONE", "/none")):
        target.answers[path] = Answer("", 500)
        virtual_user = await stage.virtual_user(request("/", id="good"), request(path, id="bad"))
        engine = {
            "@type": "JmeterUserProfileEngine",
            "settings": {"iterations": 1},
            "jtl": {"type": kind, "settings": []},
        }
        profiles.append(stage.profile(virtual_user, ramp(1, 0, 600_000), engine=engine))
    result = await stage.played(await stage.scenario(*profiles))
    kept = sorted(row["URL"].partition(str(target.port))[2] for row in samples(stage, result["id"]))
    assert kept == ["/", "/all", "/errors"]
    assert (await stage.counted(result["id"]))["Hit"] == target.count == 2 * len(profiles)


async def test_counts_and_times_agree_with_the_access_log_of_the_target(
    stage: Stage, target: Target
) -> None:
    """One user, so that the n-th line of the log is the n-th sample.

    What a busy machine adds is on top of the difference and never below it: the least disturbed
    tenth of the requests shows what the engine itself adds, which must stay under 2 ms.
    """
    target.answers["/pause"] = Answer("late", pause_s=PAUSE_MS / 1000)
    virtual_user = await stage.virtual_user(
        request("/", thinktime=think(3)), request("/pause"), request("/json")
    )
    engine = {"@type": "JmeterUserProfileEngine", "settings": {"iterations": ITERATIONS}}
    profile = stage.profile(virtual_user, ramp(1, 0, 600_000), engine=engine)
    result = await stage.played(await stage.scenario(profile))
    assert result["state"] == "FINISHED"

    rows = samples(stage, result["id"])
    written = Counter(path for path, _ in target.log)
    assert written == {"/": ITERATIONS, "/pause": ITERATIONS, "/json": ITERATIONS}
    assert [row["URL"].partition(str(target.port))[2] for row in rows] == [
        path for path, _ in target.log
    ]
    for path in written:
        added = sorted(
            int(row["elapsed"]) - taken * 1000
            for row, (logged, taken) in zip(rows, target.log, strict=True)
            if logged == path
        )
        assert added[0] > -CLOCK_MS, (path, added)
        assert added[ITERATIONS // 10] < 2 + CLOCK_MS, (path, added)
    for row in rows:
        assert int(row["Connect"]) <= int(row["Latency"]) <= int(row["elapsed"])
    paused = [int(row["Latency"]) for row in rows if row["URL"].endswith("/pause")]
    assert min(paused) >= PAUSE_MS - 1
