"""Values of an insights item: what stands out in a run, each with its evidence."""

from collections.abc import Mapping, Sequence
from typing import Any

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics import alarms, gauges
from octoperf_mcp.embedded.metrics.area_range import area_range
from octoperf_mcp.embedded.metrics.charts import curve_of
from octoperf_mcp.embedded.metrics.insight_rules import (
    MIN_MINUTES,
    MIN_USERS,
    NOT_ENOUGH_DATA,
    OLD_IMAGES,
    RULES,
    SCRIPTS,
    evidence,
)
from octoperf_mcp.embedded.metrics.items import Asked, Item, item_of
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.metrics.selection import HITS, Selection
from octoperf_mcp.embedded.metrics.values import figures, single

_MINUTE_S = 60
_PLATEAU = 0.95
"""The hit rate has stopped growing once it is this near to the greatest there will be."""
_SMOOTHED = 3
_MOST_DIGITS = 6

Json = Mapping[str, Any]


async def insights(
    views: Mapping[str, RunView], item: Item, limits: Limits
) -> list[dict[str, Any]]:
    """Insight rows in the order of `RULES`; one NOT_ENOUGH_DATA where there is too little.

    Besides `id`, `level`, `value`, `more` and `inspect` a row has `message`, what the value is,
    and `thresholds`.
    """
    view, config = views[item.bench_result_id], _config(item.body)
    if (notice := await _too_little(view, item, limits, config)) is not None:
        return [notice]
    reading = _Reading(view, item, limits)
    changed = config.get("thresholds") or {}
    rows = []
    for name, rule in RULES.items():
        value = round(await reading.value(name), _MOST_DIGITS)
        level = reading.alarm_level if name == "THRESHOLD_ALARM" else rule.level(value, changed)
        rows.append(
            {
                "id": name,
                "level": level,
                "value": value,
                "message": rule.measures,
                "thresholds": dict(rule.with_own(changed)),
                **_evidence(item, view, name),
            }
        )
    return rows


def _config(body: Json) -> Json:
    configs = body.get("configs") or []
    if not isinstance(configs, list):
        raise Invalid("configs is a list.")
    return next(
        (
            each
            for each in configs
            if isinstance(each, Mapping) and each.get("@type") == "InsightsReportConfig"
        ),
        {},
    )


def _evidence(item: Item, view: RunView, name: str) -> dict[str, Any]:
    more, inspect = evidence(name, str(item.body.get("id") or ""), view.run_id)
    return {"more": more, "inspect": inspect}


async def _too_little(
    view: RunView, item: Item, limits: Limits, config: Json
) -> dict[str, Any] | None:
    """The notice that the run has too few users or is too short, if so."""
    least_users = _at_least(config, "minUsers", MIN_USERS)
    least_minutes = _at_least(config, "minMinutes", MIN_MINUTES)
    users = max((await gauges.user_load(view, Selection(), limits)).values(), default=0)
    minutes = view.window(limits).seconds / _MINUTE_S if view.series else 0.0
    if users >= least_users and minutes >= least_minutes and view.series:
        return None
    message = (
        f"Not enough data: {users:g} users over {minutes:.1f} minutes; insights need "
        f"{least_users} users and {least_minutes} minutes."
    )
    return {
        "id": NOT_ENOUGH_DATA,
        "level": "INFO",
        "value": users,
        "message": message,
        "thresholds": {},
        **_evidence(item, view, NOT_ENOUGH_DATA),
    }


def _at_least(config: Json, name: str, default: int) -> int:
    value = config.get(name)
    return value if isinstance(value, int) else default


class _Reading:
    """Figures of one run over one window; what several insights need is read once."""

    def __init__(self, view: RunView, item: Item, limits: Limits) -> None:
        self._view, self._item, self._limits = view, item, limits
        self._codes: Mapping[str, tuple[float, float]] | None = None
        self._media: Mapping[str, float] | None = None
        self.alarm_level = "PASSED"

    async def value(self, name: str) -> float:
        """The value of an insight."""
        if name in ("RESPONSE_TIME_GLOBAL_AVG", "PEAK_OF_ERRORS"):
            return await self._distance(name)
        if name.startswith("OVERALL_ERROR_"):
            return await self._error_share(name.removeprefix("OVERALL_ERROR_"))
        if name.startswith("THROUGHPUT_"):
            return await self._media_share(name)
        match name:
            case "RESPONSE_TIME_STD_DEVIATION":
                return await self._share("RESPONSE_TIME_STD")
            case "CONNECT_TIME_VS_RESPONSE_TIME":
                return await self._share("CONNECT_TIME_AVG")
            case "LATENCY_VS_RESPONSE_TIME":
                return await self._share("LATENCY_AVG")
            case "STEP_BY_STEP_RESPONSE_TIME":
                return _above_the_mean(await self._by_action("RESPONSE_TIME_AVG"))
            case "STEP_BY_STEP_ERRORS":
                return max(await self._by_action("ERRORS_PERCENT"), default=0.0)
            case "HIT_RATE_INFLEXION_POINT":
                return await self._users_after_the_knee()
        return await self._alarms()

    def _asked(self, metric_id: str) -> Asked:
        return Asked(metric_id, self._view.run_id, Selection(HITS), None)

    async def _distance(self, name: str) -> float:
        """The `rmse` of the area range that the insight links to."""
        _, linked = evidence(name, "", self._view.run_id)
        item = item_of(linked, "/analysis/metrics/area-range")
        found = await area_range({self._view.run_id: self._view}, item, self._limits)
        return float(found["rmse"])

    async def _share(self, metric_id: str) -> float:
        """A time in per cent of the average response time."""
        whole = await single(self._view, self._asked("RESPONSE_TIME_AVG"), self._limits)
        part = await single(self._view, self._asked(metric_id), self._limits)
        return 100 * part / whole if whole else 0.0

    async def _by_action(self, metric_id: str) -> list[float]:
        asked = self._asked(metric_id)
        (found,) = await figures(
            self._view, [asked], self._limits, key=lambda series: series.action_id
        )
        return list(found.values())

    async def _error_share(self, family: str) -> float:
        """Failed hits of a family of statuses, in per cent of all hits."""
        if self._codes is None:
            groups = await self._view.stats(
                self._view.select(Selection(HITS)),
                self._view.window(self._limits),
                ("n", "err"),
                key=lambda series: series.code,
            )
            self._codes = {str(c): (stats["n"], stats["err"]) for (_, c), stats in groups.items()}
        hits = sum(hits for hits, _ in self._codes.values())
        failed = sum(err for code, (_, err) in self._codes.items() if _family(code) == family)
        return 100 * failed / hits if hits else 0.0

    async def _media_share(self, name: str) -> float:
        """Received bytes of some media types, in per cent of all."""
        if self._media is None:
            groups = await self._view.stats(
                self._view.select(Selection(HITS)),
                self._view.window(self._limits),
                ("received_sum",),
                key=lambda series: series.media_type,
            )
            self._media = {str(m): stats["received_sum"] for (_, m), stats in groups.items()}
        whole = sum(self._media.values())
        part = sum(size for media, size in self._media.items() if _is_about(name, media))
        return 100 * part / whole if whole else 0.0

    async def _users_after_the_knee(self) -> float:
        interval = self._view.window(self._limits).interval
        users = await curve_of(self._view, self._asked("USERLOAD"), self._limits, interval)
        hits = await curve_of(self._view, self._asked("HITS_RATE"), self._limits, interval)
        return users_after_the_knee(
            [(users[start], hits[start]) for start in sorted(users) if start in hits]
        )

    async def _alarms(self) -> float:
        found = [a["severity"] for a in await alarms.threshold_alarms(self._view, self._limits)]
        worst = max(found, key=alarms.SEVERITIES.index, default="PASSED")
        self.alarm_level = {"CRITICAL": "ERROR", "WARNING": "WARN"}.get(worst, "PASSED")
        return float(len(found))


def _above_the_mean(values: Sequence[float]) -> float:
    """How much the greatest is above the mean, in per cent of the mean."""
    mean = sum(values) / len(values) if values else 0.0
    return 100 * (max(values) - mean) / mean if mean else 0.0


def _family(code: str) -> str:
    return {"4": "4XX", "5": "5XX"}.get(code[:1], "NONE")


def _is_about(name: str, media_type: str) -> bool:
    match name:
        case "THROUGHPUT_IMAGE_NEW_FORMAT":
            return media_type in OLD_IMAGES
        case "THROUGHPUT_IMAGE_OPTIMIZE":
            return media_type.startswith("image/")
        case "THROUGHPUT_CSS":
            return media_type == "text/css"
    return media_type in SCRIPTS


def users_after_the_knee(points: Sequence[tuple[float, float]]) -> float:
    """Share of the users that came after the hit rate had stopped growing, in per cent.

    Args:
        points: Users and hits per second by time; what follows the greatest number of users
            does not count.
    """
    most = max((users for users, _ in points), default=0.0)
    if not most:
        return 0.0
    ramp = points[: next(n for n, (users, _) in enumerate(points) if users == most) + 1]
    smooth = [
        sum(hits for _, hits in ramp[max(0, n - _SMOOTHED + 1) : n + 1]) / min(n + 1, _SMOOTHED)
        for n in range(len(ramp))
    ]
    enough = _PLATEAU * max(smooth)
    knee = next(users for (users, _), hits in zip(ramp, smooth, strict=True) if hits >= enough)
    return 100 * (most - knee) / most
