"""From the histograms of a run to the cells of a heat map."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from octoperf_heatmap.bands import Edge, band_of, edges_for, named
from octoperf_mcp import Band, Grid, Histogram, Host, ItemRequest, Measure

_WORDS: Mapping[Measure, str] = {
    "RESPONSE_TIME": "Response times",
    "LATENCY": "Times to the first byte",
    "CONNECT_TIME": "Connect times",
}


def values(_host: Host, request: ItemRequest) -> Grid:
    """Hits, or their share of the slot in per cent, by slot of time and band of duration."""
    run = request.run
    measure: Measure = request.item.get("measure") or "RESPONSE_TIME"
    found = run.histograms(measure, filters=request.filters, most_slots=request.most_slots)
    edges = edges_for((one for each in found for one in each.buckets), request.most_rows)
    slot_ms = run.slot_ms(request.most_slots)
    counted = {each.start_ms or 0: _counts(each, edges) for each in found}
    starts = range(min(counted), max(counted) + 1, slot_ms) if counted else ()
    rows = [counted.get(start) or [0] * (len(edges) - 1) for start in starts]
    share = request.item.get("colour") == "SHARE"
    return Grid(
        list(starts),
        slot_ms,
        [Band(named(low, high), low.ms, high.ms) for low, high in pairwise(edges)],
        [_shares(row) if share else row for row in rows],
        _WORDS[measure],
        "% of the slot" if share else "hits",
        "ms",
    )


def _counts(histogram: Histogram, edges: list[Edge]) -> list[int]:
    row = [0] * (len(edges) - 1)
    for bucket in histogram.buckets:
        row[band_of(bucket.low_us, edges)] += bucket.count
    return row


def _shares(row: Sequence[int]) -> list[float]:
    whole = sum(row) or 1
    return [round(100 * count / whole, 2) for count in row]
