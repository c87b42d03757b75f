"""A run as the function of a plugin's report item reads it, from a thread of its own."""

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics.apart import Reads
from octoperf_mcp.embedded.metrics.charts import curve_of
from octoperf_mcp.embedded.metrics.histogram import RATIO
from octoperf_mcp.embedded.metrics.items import Asked
from octoperf_mcp.embedded.metrics.metric_ids import CATEGORIES, CURVES, IDS, METRICS, TIME_UNIT
from octoperf_mcp.embedded.metrics.metric_ids import unit_of as wire_unit_of
from octoperf_mcp.embedded.metrics.reading import INTERVALS_S, Groups, Limits, RunView, Window
from octoperf_mcp.embedded.metrics.selection import Selection, selection
from octoperf_mcp.embedded.metrics.values import figures, single
from octoperf_mcp.entities.report_items import Bucket, Histogram, Json, Measure, MeasuredSeries

_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class ReadRun:
    """See `RunFigures`; `reads` takes each reading to the event loop."""

    view: RunView
    name: str
    is_over: bool
    limits: Limits
    reads: Reads

    @property
    def run_id(self) -> str:
        """See `RunFigures`."""
        return self.view.run_id

    @property
    def start_ms(self) -> int:
        """See `RunFigures`."""
        return self._window.start * _MS if self._window.seconds else 0

    @property
    def end_ms(self) -> int:
        """See `RunFigures`."""
        return self._window.end * _MS if self._window.seconds else 0

    @property
    def actions(self) -> Mapping[str, str]:
        """See `RunFigures`."""
        return {action_id: each.name for action_id, each in self.view.labels.actions.items()}

    @property
    def _window(self) -> Window:
        return self.view.window(self.limits)

    def slot_ms(self, most: int) -> int:
        """See `RunFigures`."""
        return self._interval(most) * _MS

    def _interval(self, most: int) -> int:
        """Seconds; slots begin at multiples of it, so that one more may touch the window."""
        window = self._window
        fitting = (each for each in INTERVALS_S if len(window.starts(each)) <= most)
        return next(fitting, INTERVALS_S[-1])

    def histograms(
        self,
        measure: Measure = "RESPONSE_TIME",
        *,
        filters: Sequence[Json] = (),
        most_slots: int | None = None,
        by_action: bool = False,
    ) -> list[Histogram]:
        """See `RunFigures`."""
        if measure not in CURVES:
            raise Invalid(f"There are histograms of {', '.join(CURVES)}, not of {measure!r}.")
        column = f"{CURVES[measure]}_hist"
        chosen = self.view.select(_selection(filters))

        def read() -> Coroutine[Any, Any, Groups]:
            return self.view.stats(
                chosen,
                self._window,
                ("n",),
                (column,),
                interval=None if most_slots is None else self._interval(most_slots),
                key=(lambda series: series.action_id) if by_action else None,
            )

        found = [
            Histogram(
                None if start is None else start * _MS,
                str(action_id or ""),
                tuple(
                    _bucket(*map(int, each)) for each in sorted(stats.histograms[column].items())
                ),
            )
            for (start, action_id), stats in self.reads(read).items()
        ]
        order = self.view.labels.order
        return sorted(found, key=lambda each: (each.start_ms or 0, order(each.action_id)))

    def series(
        self, metric: str, *, filters: Sequence[Json] = (), most_slots: int = 600
    ) -> MeasuredSeries:
        """See `RunFigures`."""
        asked = self._asked(metric, filters)
        interval = self._interval(most_slots)
        curve = self.reads(lambda: curve_of(self.view, asked, self.limits, interval))
        factor, unit = _unit(metric)
        points = tuple((start * _MS, value * factor) for start, value in sorted(curve.items()))
        return MeasuredSeries(unit, points)

    def figure(self, metric: str, *, filters: Sequence[Json] = ()) -> float | None:
        """See `RunFigures`."""
        asked = self._asked(metric, filters)
        factor, _ = _unit(metric)
        if metric not in METRICS:
            return self.reads(lambda: single(self.view, asked, self.limits)) * factor
        (found,) = self.reads(lambda: figures(self.view, [asked], self.limits))
        value = found.get((None, None))
        return None if value is None else value * factor

    def _asked(self, metric: str, filters: Sequence[Json]) -> Asked:
        if metric not in IDS or metric in CATEGORIES:
            raise Invalid(f"There is no metric {metric!r} with one value.")
        return Asked(metric, self.view.run_id, _selection(filters), None)


def _selection(filters: Sequence[Json]) -> Selection:
    return selection(None, filters)


def _bucket(number: int, count: int) -> Bucket:
    """Its edges in whole microseconds; bucket 0 holds zero."""
    if number == 0:
        return Bucket(0, 1, count)
    return Bucket(_edge(number - 1), _edge(number), count)


def _edge(power: int) -> int:
    """The first whole microsecond at or above a power of the ratio."""
    exact = RATIO**power
    whole = int(exact)
    return whole if whole == exact else whole + 1


def _unit(metric: str) -> tuple[float, str]:
    """What values on the wire are multiplied by, and the unit they then have."""
    unit = wire_unit_of(metric)
    return (float(_MS), "ms") if unit == TIME_UNIT else (1.0, unit)
