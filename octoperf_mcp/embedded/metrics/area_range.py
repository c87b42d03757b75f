"""Values of an area-range item: a curve, what it is held against, and how far they are apart."""

from dataclasses import replace
from math import sqrt
from typing import Any

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics.charts import curve_of
from octoperf_mcp.embedded.metrics.gauges import Curve
from octoperf_mcp.embedded.metrics.items import Asked, Item, require_single_valued
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.metrics.values import Views, single

_METRICS = 2


async def area_range(views: Views, item: Item, limits: Limits) -> dict[str, Any]:
    """AreaRangeResult: `curve` of the first metric, `reference` of the second, and `rmse`.

    With `referenceType` SUMMARY the reference is the second metric's figure of the whole window,
    with HISTOGRAM its curve; that of another run is laid over the first by the time since its
    start. With `rangeType` PERCENTAGE both are per cent of the reference. `rmse` is the root of
    the mean square of their distances, in the unit of what is answered; where the curve or the
    reference has no value (or the latter is 0 and a percentage is asked), there is no point.
    """
    if len(item.metrics) != _METRICS:
        raise Invalid("AreaRangeChartReportItem has two metrics: a curve and its reference.")
    require_single_valued(item)
    of_type = _one_of(item, "referenceType", ("SUMMARY", "HISTOGRAM"))
    percentage = _one_of(item, "rangeType", ("RAW", "PERCENTAGE")) == "PERCENTAGE"
    first, second = item.metrics
    view = views[first.bench_result_id]
    window = view.window(limits)
    curve = await curve_of(view, first, limits, window.interval)
    other = views[second.bench_result_id]
    shift = view.first - other.first
    shifted = _shifted(limits, -shift)
    if of_type == "SUMMARY":
        figure = await single(other, second, shifted)
        reference = dict.fromkeys(curve, figure)
    else:
        reference = await _over(other, second, shifted, window.interval, shift)
    starts = [
        start for start in curve if start in reference and (reference[start] or not percentage)
    ]
    if percentage:
        curve = {start: 100 * curve[start] / reference[start] for start in starts}
        reference = dict.fromkeys(starts, 100.0)
    squares = sum((curve[start] - reference[start]) ** 2 for start in starts)
    return {
        "curve": [{"x": start * 1000, "y": curve[start]} for start in starts],
        "reference": [{"x": start * 1000, "y": reference[start]} for start in starts],
        "rmse": sqrt(squares / len(starts)) if starts else 0.0,
    }


def _one_of(item: Item, name: str, allowed: tuple[str, ...]) -> str:
    given = item.body.get(name) or allowed[0]
    if given not in allowed:
        raise Invalid(f"{name} is {' or '.join(allowed)}, not {given!r}.")
    return str(given)


def _shifted(limits: Limits, seconds: int) -> Limits:
    ends = (limits.from_ms, limits.to_ms)
    start, end = (None if end is None else end + seconds * 1000 for end in ends)
    return replace(limits, from_ms=start, to_ms=end)


async def _over(view: RunView, asked: Asked, limits: Limits, interval: int, shift: int) -> Curve:
    """The curve of another run as if it had begun with the first."""
    found = await curve_of(view, asked, limits, interval)
    return {start + shift - (start + shift) % interval: value for start, value in found.items()}
