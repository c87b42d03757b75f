"""Verdicts over HTTP, from samples as load workers record them."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.embedded.metrics.recorder import Recorder
from octoperf_mcp.embedded.metrics.sample import Sample
from octoperf_mcp.embedded.metrics.spool import read_lines
from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.statistics import sandbox
from octoperf_mcp.embedded.store.project_files import ProjectFiles

START_S = 1_700_000_000
Record = Callable[..., Awaitable[str]]


@pytest.fixture
def record(platform: Platform, home: Any, tmp_path: Path) -> Record:
    """Records a run, second by second, and answers its id.

    `users`: by second. `hits` and `ms`: of a second, given its number and its users.
    """

    async def make(
        users: list[int],
        hits: Callable[[int, int], int] = lambda _second, active: 2 * active,
        ms: Callable[[int, int], float] = lambda _second, _active: 100.0,
        *,
        seed: int = 1,
        state: str = "FINISHED",
        codes: Mapping[int, str] | None = None,
        start_s: int = START_S,
    ) -> str:
        document = await platform.documents.create(
            "bench_result",
            {"state": state, "designProjectId": home.project_id},
            user_id="ada",
            workspace_id=home.workspace_id,
            project_id=home.project_id,
        )
        chance, clock_ms = random.Random(seed), start_s * 1000
        spool = tmp_path / f"{document.id}.jsonl"
        writer = Recorder(document.id, "gen1", "local", spool, None, clock=lambda: clock_ms)
        for second, active in enumerate(users):
            clock_ms = (start_s + second) * 1000
            writer.gauge({0: active}, 1.0, 20.0)
            code = (codes or {}).get(second, "200")
            for _ in range(hits(second, active)):
                us = round(1000 * ms(second, active) * chance.lognormvariate(0, 0.3))
                started = clock_ms + 500 - us // 1000
                writer.add(
                    Sample("a1", "vu1", 0, "Hit", started, us, us // 2, 0, 100, 1000, code, "GET",
                           "text/html", "http://shop.test/", code == "200")
                )  # fmt: skip
        writer.close()
        lines = read_lines(spool)
        ingest = platform.metrics.ingest
        await asyncio.gather(*(ingest(document.id, line.data) for line in lines))
        await platform.metrics.seal(document.id)
        return document.id

    return make


def comparison(baseline: str, candidate: str, query: str = "") -> str:
    return f"/analysis/statistics/comparison/{baseline}/{candidate}{query}"


async def test_a_run_that_got_slower_is_told_from_one_that_did_not(
    record: Record, ada: Any
) -> None:
    base = await record([10] * 60)
    same = await record([10] * 60, seed=2, start_s=START_S + 7777)
    slow = await record([10] * 60, ms=lambda _s, _u: 120.0, seed=3)
    found = await ada.get(comparison(base, same))
    assert found["verdict"] == "pass", found
    assert found["comparedSec"] == 60
    found = await ada.get(comparison(base, slow, "?minEffectPct=10"))
    assert found["verdict"] == "regress", found
    (row,) = found["actions"]
    assert row["lowPct"] < 20 < row["highPct"]
    assert row["baseline"]["hits"] == 1200
    assert row["baseline"]["medianMs"] == pytest.approx(100, rel=0.03)


async def test_the_warm_up_is_left_out(record: Record, ada: Any) -> None:
    """A slow first quarter hides that both are alike after it."""
    base = await record([10] * 60)
    cold = await record([10] * 60, ms=lambda s, _u: 900.0 if s < 15 else 100.0, seed=2)
    found = await ada.get(comparison(base, cold))
    assert found["verdict"] != "pass"
    found = await ada.get(comparison(base, cold, "?warmUpSec=15"))
    assert (found["verdict"], found["comparedSec"]) == ("pass", 45)
    found = await ada.get(comparison(base, cold, "?warmUpSec=600"))
    assert "no samples" in found["reason"]


async def test_what_cannot_be_compared_says_why(record: Record, ada: Any, eve: Any) -> None:
    base = await record([10] * 30)
    more = await record([20] * 30)
    going = await record([10] * 30, state="RUNNING")
    empty = await record([])
    for other, why in ((more, "load differs"), (going, "RUNNING"), (empty, "no samples")):
        found = await ada.get(comparison(base, other))
        assert found["verdict"] == "not_comparable"
        assert why in found["reason"]
        assert found["actions"] == []
    await eve.get(comparison(base, base), status=404)
    for query in ("?metric=CONNECT_TIME", "?minEffectPct=nan", "?minEffectPct=0", "?warmUpSec=-1"):
        await ada.get(comparison(base, base, query), status=400)


async def test_failures_do_not_pass_for_quick_answers(record: Record, ada: Any) -> None:
    base = await record([10] * 30)
    codes = dict.fromkeys(range(20, 30), "503")
    broken = await record([10] * 30, ms=lambda s, _u: 1.0 if s >= 20 else 100.0, codes=codes)
    found = await ada.get(comparison(base, broken))
    assert found["verdict"] == "regress"
    (row,) = found["actions"]
    assert row["candidate"]["errorPct"] == pytest.approx(100 / 3, abs=0.01)
    assert row["candidate"]["medianMs"] == pytest.approx(100, rel=0.05)


async def test_statistics_that_take_too_long_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(sandbox.StatisticsFailedError, match="longer than"):
        await sandbox.statistics("compare", limit_s=0.01)
    with pytest.raises(sandbox.StatisticsFailedError, match="could not be made"):
        await sandbox.statistics("no such task")


async def test_a_server_without_scipy_names_the_package_to_install(
    ada: Any, record: Record, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs = [await record([10] * 40, seed=seed) for seed in (1, 2)]
    text = "raise ModuleNotFoundError(\"No module named 'scipy'\")"
    (tmp_path / "scipy.py").write_text(text, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for path in (
        f"comparison/{runs[0]}/{runs[1]}",
        f"capacity/{runs[0]}",
        f"slowdown/{runs[0]}",
    ):
        answer = await ada.call("GET", f"/analysis/statistics/{path}")
        assert answer.status == 422
        assert "scipy" in (message := (await answer.json())["message"])
        assert "pip install 'octoperf-mcp[embedded]'" in message


async def upload(platform: Platform, project: str, name: str, text: str) -> None:
    files = ProjectFiles(platform.database, platform.blobs)
    data = BytesIO(text.encode())
    await files.put(project, name, data, content_type="text/plain", user_id="ada")


THRESHOLDS = """warmUpSec = 10
[[thresholds]]
metric = "RESPONSE_TIME_MAX"
max = 850
[[thresholds]]
metric = "HITS_TOTAL"
min = 400
max = 400
[[thresholds]]
metric = "USERLOAD"
max = 10
action = ""
[[thresholds]]
metric = "RESPONSE_TIME_AVG"
action = "a1"
min = 90
max = 120
"""


async def test_thresholds_are_held_against_the_figures_after_the_warm_up(
    record: Record, ada: Any, eve: Any, platform: Platform, home: Any
) -> None:
    run = await record([10] * 30, ms=lambda s, _u: 5000.0 if s < 10 else 100.0)
    path = f"/analysis/statistics/slo/{run}"
    assert "slo.toml" in (await ada.get(path, status=404))["message"]
    await upload(platform, home.project_id, "slo.toml", THRESHOLDS)
    found = await ada.get(path)
    assert found["verdict"] == "pass", found
    assert [each["unit"] for each in found["checks"]] == ["ms", "hits", "users", "ms"]
    assert found["checks"][1]["value"] == 400
    assert found["checks"][3]["value"] == pytest.approx(104.6, abs=5)
    await eve.get(path, status=404)


async def test_a_broken_threshold_fails_and_an_unknown_action_is_no_pass(
    record: Record, ada: Any, platform: Platform, home: Any
) -> None:
    run = await record([10] * 10)
    text = "[[thresholds]]\nmetric='RESPONSE_TIME_AVG'\nmax=50\n"
    await upload(platform, home.project_id, "tight.toml", text)
    found = await ada.get(f"/analysis/statistics/slo/{run}?filename=tight.toml")
    assert found["verdict"] == "fail"
    assert 'failures="1"' in found["junitXml"]
    text = "[[thresholds]]\nmetric='RESPONSE_TIME_AVG'\nmax=50\naction='Serch'\n"
    await upload(platform, home.project_id, "odd.toml", text)
    found = await ada.get(f"/analysis/statistics/slo/{run}?filename=odd.toml")
    assert found["verdict"] == "not_evaluated"
    assert "no action 'Serch'" in found["checks"][0]["reason"]
    await upload(platform, home.project_id, "large.toml", "#" * 70_000)
    await ada.get(f"/analysis/statistics/slo/{run}?filename=large.toml", status=400)


async def test_a_ramp_tells_where_hits_stop_growing(record: Record, ada: Any, eve: Any) -> None:
    """The peak of 10 N / (1 + 0.02 (N - 1) + 0.0015 N (N - 1)) is at 25.6 users."""

    def hits(_second: int, active: int) -> int:
        return round(10 * active / (1 + 0.02 * (active - 1) + 0.0015 * active * (active - 1)))

    run = await record([1 + second // 2 for second in range(120)], hits)
    found = await ada.get(f"/analysis/statistics/capacity/{run}")
    assert found["knee"]["users"] == pytest.approx(25.6, abs=0.8), found
    flat = await record([10] * 60)
    found = await ada.get(f"/analysis/statistics/capacity/{flat}")
    assert "1 levels of users" in found["reason"]
    assert "knee" not in found
    empty = await record([], state="RUNNING")
    found = await ada.get(f"/analysis/statistics/capacity/{empty}")
    assert "lasted 0 s" in found["reason"]
    assert "RUNNING" in found["warnings"][0]
    await eve.get(f"/analysis/statistics/capacity/{run}", status=404)


async def test_users_that_moved_first_are_suspected(record: Record, ada: Any, eve: Any) -> None:
    run = await record(
        [10] * 30 + [30] * 50,
        lambda _s, _u: 20,
        lambda s, _u: 100.0 if s < 40 else 300.0,
    )
    path = f"/analysis/statistics/slowdown/{run}"
    found = await ada.get(path)
    first = found["onsets"][found["suspects"][0]]
    assert (first["metric"], first["before"], first["after"]) == ("USERLOAD", 10, 30)
    assert first["atMs"] == (START_S + 30) * 1000
    assert "Users moved first, 10 s earlier" in found["reason"], found["reason"]
    action = next(each for each in found["onsets"] if each.get("actionId") == "a1")
    assert action["unit"] == "ms"
    assert action["after"] == pytest.approx(315, rel=0.1)
    window = f"?from={(START_S + 45) * 1000}&to={(START_S + 75) * 1000}"
    assert "no lasting rise" in (await ada.get(path + window))["reason"]
    await ada.get(f"{path}?from=5&to=5", status=400)
    await eve.get(path, status=404)
    empty = await record([])
    found = await ada.get(f"/analysis/statistics/slowdown/{empty}")
    assert "Only 0 points" in found["reason"]
