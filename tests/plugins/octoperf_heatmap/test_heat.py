"""Heat maps: round bands, every request in one of them, slots without a gap."""

import random
from bisect import bisect_right
from itertools import pairwise
from math import log
from typing import Any, cast

import pytest

from octoperf_heatmap.bands import edges_for
from octoperf_heatmap.heat import values
from octoperf_mcp import Bucket, Grid, Histogram, Host, ItemRequest
from octoperf_mcp.embedded.metrics.histogram import bucket_of
from octoperf_mcp.embedded.metrics.run_figures import _bucket
from octoperf_mcp.entities.drawings import cleaned

HOST = Host("heatmap")


class Run:
    """Requests by second, their durations in microseconds."""

    def __init__(self, durations: dict[int, list[int]], slot_ms: int = 1000) -> None:
        self.durations = durations
        self.slot = slot_ms
        self.asked: dict[str, Any] = {}

    def slot_ms(self, most: int) -> int:
        assert most == 50
        return self.slot

    def histograms(self, measure: str, **asked: Any) -> list[Histogram]:
        self.asked = {"measure": measure, **asked}
        return [
            Histogram(start * 1000, "", _buckets(taken))
            for start, taken in sorted(self.durations.items())
        ]


def _buckets(durations: list[int]) -> tuple[Bucket, ...]:
    counts: dict[int, int] = {}
    for us in durations:
        counts[bucket_of(us)] = counts.get(bucket_of(us), 0) + 1
    return tuple(_bucket(*each) for each in sorted(counts.items()))


def heat(run: Run, most_rows: int = 24, **own: Any) -> Grid:
    request = ItemRequest(own, (cast("Any", run),), 50, most_rows)
    return cast("Grid", cleaned(values(HOST, request)))


def test_each_request_is_in_one_cell() -> None:
    made = heat(Run({10: [110_000, 115_000, 390_000], 11: [], 13: [240_000]}))
    assert made.starts == (10_000, 11_000, 12_000, 13_000)
    assert [sum(row) for row in made.values] == [3, 0, 0, 1]
    cells = {
        (start, band.name): count
        for start, row in zip(made.starts, made.values, strict=True)
        for band, count in zip(made.bands, row, strict=True)
        if count
    }
    assert cells == {
        (10_000, "100 to 112 ms"): 1,
        (10_000, "112 to 125 ms"): 1,
        (10_000, "355 to 400 ms"): 1,
        (13_000, "224 to 250 ms"): 1,
    }
    assert (made.name, made.unit, made.band_unit) == ("Response times", "hits", "ms")


def test_shares_are_those_of_the_slot() -> None:
    made = heat(Run({1: [1000, 1000, 1000, 9000], 2: [9000]}), colour="SHARE")
    assert made.unit == "% of the slot"
    assert [sorted(row)[-2:] for row in made.values] == [[25, 75], [0, 100]]


def test_the_item_says_what_counts() -> None:
    run, where = Run({1: [5]}), [{"field": "actionId"}]
    assert heat(run, measure="LATENCY", filters=where).name == "Times to the first byte"
    assert run.asked == {"measure": "LATENCY", "filters": where, "most_slots": 50}


def test_nothing_is_no_slot() -> None:
    assert heat(Run({})).starts == ()


@pytest.mark.parametrize("most", [1, 2, 4, 9, 12, 24, 59])
@pytest.mark.parametrize("seed", range(5))
def test_bands_hold_all_durations_and_no_more_than_there_is_room_for(most: int, seed: int) -> None:
    rng = random.Random(seed)
    spread = rng.uniform(0, log(10**9))
    durations = [int(2.718 ** rng.uniform(0, spread)) - rng.choice([0, 1]) for _ in range(200)]
    made = heat(Run({1: durations}), most)
    edges = [made.bands[0].low, *(band.high for band in made.bands)]
    assert len(made.bands) <= most
    assert all(low < high for low, high in pairwise(edges))
    assert sum(made.values[0]) == 200
    first = [next(e for e in _edges() if e >= round(edge * 1000)) for edge in edges]
    for us in durations:
        assert first[0] <= us < first[-1]
    counted = [0] * len(made.bands)
    for us in durations:
        counted[bisect_right(first, us) - 1] += 1
    assert list(made.values[0]) == counted


def _edges() -> list[int]:
    return [0, *(_bucket(number, 1).low_us for number in range(1, 1600))]


@pytest.mark.parametrize(
    ("low_us", "high_us", "most", "edges_ms"),
    [
        (0, 0, 9, [0, 0.001]),
        (0, 2_000, 9, [0, 2, 2.24]),
        (90_000, 700_000, 12, [80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800]),
        (90_000, 700_000, 6, [63, 100, 160, 250, 400, 630, 1000]),
        (1_000, 9_000_000, 12, [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000]),
        (1_000, 9_000_000, 4, [1, 10, 100, 1000, 10000]),
    ],
)
def test_edges_are_round(low_us: int, high_us: int, most: int, edges_ms: list[float]) -> None:
    known = [Bucket(us, us + 1, 1) for us in (low_us, high_us)]
    assert [each.ms for each in edges_for(known, most)] == edges_ms
