"""What is packed comes out again, and sums are those of the rows, one by one."""

from collections import Counter, defaultdict
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.embedded.metrics import blocks
from octoperf_mcp.embedded.metrics.aggregate import HISTOGRAMS, NUMBERS
from octoperf_mcp.embedded.metrics.blocks import Slices, grouped, summed

Row = tuple[int, list[Any]]

histogram = st.dictionaries(st.integers(0, 3000), st.integers(1, 10**6), max_size=6).map(
    lambda counts: [number for pair in sorted(counts.items()) for number in pair]
)
figures = st.tuples(
    *(
        st.floats(0, 2**70) if name.endswith("_sq") else st.integers(0, 2**40)
        for name in NUMBERS
    )
)  # fmt: skip
slices = st.lists(
    st.tuples(
        st.integers(1_700_000_000, 1_700_000_040),
        st.builds(
            lambda series, numbers, *histograms: [series, *numbers, *histograms],
            st.integers(1, 4),
            figures,
            *(histogram for _ in HISTOGRAMS),
        ),
    ),
    min_size=1,
    max_size=12,
)


def of_rows(rows: list[Row]) -> Slices:
    lines = [(second, orjson.dumps([[each] for each in row])) for second, row in rows]
    return Slices.of_lines(lines)


def all_of(found: Slices) -> dict[str, list[Any]]:
    return {name: found[name].tolist() for name in blocks._ALL}


@given(slices)
def test_what_is_packed_comes_out_again(rows: list[Row]) -> None:
    found = of_rows(rows)
    again = Slices.of_block(found.packed())
    assert all_of(again) == all_of(found)
    twice = Slices.joined([again, found])
    assert twice["n"].tolist() == found["n"].tolist() * 2


@given(slices)
def test_parts_of_ten_seconds_hold_every_row_once(rows: list[Row]) -> None:
    parts = list(blocks.by_block(of_rows(rows), 10))
    starts = [start for start, _ in parts]
    assert starts == sorted({second - second % 10 for second, _ in rows})
    back = [row for _, part in parts for row in in_rows(part)]
    assert sorted(back) == sorted(rows)


def in_rows(part: Slices) -> list[Row]:
    groups = blocks.Groups(part, (np.arange(len(part["start"])),), np.arange(len(part["start"])))
    figures = [part[name].tolist() for name in ("series_no", *NUMBERS)]
    histograms = [
        [[number for pair in sorted(each.items()) for number in pair] for each in found]
        for found in map(groups.histograms, HISTOGRAMS)
    ]
    columns = zip(*figures, *histograms, strict=True)
    return list(zip(part["start"].tolist(), map(list, columns), strict=True))


@given(slices, st.sampled_from([0, 10, 600]), st.sets(st.integers(1, 4)) | st.none())
def test_sums_are_those_of_the_rows(rows: list[Row], step: int, hits: set[int] | None) -> None:
    expected: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for second, row in rows:
        if hits is None or row[0] in hits:
            key = second - second % step if step else 0, row[0] if hits is None else 0
            expected[key].append((second, row))
    found = summed(of_rows(rows), step, hits)
    if found is None:
        assert not expected
        return
    keys = list(zip(found["start"].tolist(), found["series_no"].tolist(), strict=True))
    assert keys == sorted(expected)
    for at, key in enumerate(keys):
        for number, name in enumerate(NUMBERS, 1):
            values = [row[number] for _, row in expected[key]]
            combine = {"min": min, "max": max}.get(name[-3:], sum)
            assert found[name][at] == pytest.approx(combine(values))
    for number, name in enumerate(HISTOGRAMS, 1 + len(NUMBERS)):
        groups = grouped(found, range(2**40), None, {series: series for _, series in keys})
        merged: dict[int, Counter[int]] = defaultdict(Counter)
        for (_, series), group in expected.items():
            for _, row in group:
                merged[series] += Counter(
                    dict(zip(row[number][::2], row[number][1::2], strict=True))
                )
        counts = list(groups.histograms(name))
        assert counts == [merged[series] for series in groups.keys[0].tolist()]
