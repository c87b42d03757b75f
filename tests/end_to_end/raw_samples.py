"""Figures computed once more, with pandas, from the raw samples that a run left.

Nothing of the platform is imported: what is written here follows the definitions of the metrics
(reference: semantics.md, entities.md 7.2) and the columns of the JTL. Times are in ms, as tools
answer them.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pandas as pd
import pytest

if TYPE_CHECKING:
    from octoperf_mcp.cli.agent import Agent

TIMES = {
    "RESPONSE_TIME": "elapsed",
    "LATENCY": "latency",
    "CONNECT_TIME": "connect",
    "NETWORK_TIME": "network",
}
SATISFYING_MS, TOLERATING_MS = 500, 2000
"""The default thresholds of Apdex."""
PERCENTILES = {
    "RESPONSE_TIME_MEDIAN": 50,
    **{f"RESPONSE_TIME_PERCENTILE_{percent}": percent for percent in (80, 90, 95, 99)},
}
BASIC = ("AVG", "MIN", "MAX", "VAR")
METRICS = (
    *(f"{family}_{figure}" for family in TIMES for figure in BASIC),
    *(f"{family}_{each}" for family in list(TIMES)[:3] for each in ("STD", "APDEX")),
    *PERCENTILES,
    "HITS_TOTAL",
    "HITS_RATE",
    "HITS_SUCCESSFUL_TOTAL",
    "HITS_SUCCESSFUL_PERCENT",
    "ERRORS_TOTAL",
    "ERRORS_RATE",
    "ERRORS_PERCENT",
    "THROUGHPUT_TOTAL",
    "THROUGHPUT_RATE",
    "RESPONSE_SIZE",
    *(f"SENT_BYTES_{each}" for each in ("AVG", "MIN", "MAX", "STD", "TOTAL", "RATE")),
    *(f"ASSERTIONS_{each}_TOTAL" for each in ("SUCCESS", "FAILURE", "ERROR")),
)
CATEGORIES = {
    "HTTP_METHODS": "method",
    "HTTP_RESPONSE_CODES": "responseCode",
    "HTTP_MEDIA_TYPES": "mediaType",
    "HTTP_MEDIA_TYPES_THROUGHPUT": "mediaType",
}
EXACT = ("_TOTAL", "_MIN", "_MAX")
"""Ends of the metrics that are equal to the last digit."""


@dataclass(frozen=True)
class RawRun:
    """A run with all its samples, one row each."""

    run_id: str
    report_id: str
    samples: pd.DataFrame

    @property
    def hits(self) -> pd.DataFrame:
        """Requests and embedded resources; neither containers nor what an abort cut off."""
        return self.samples[self.samples["kind"].isin(["Hit", "Resource"])]

    @property
    def first(self) -> int:
        """First epoch second in which a sample ended."""
        return int(self.samples["second"].min())

    @property
    def last(self) -> int:
        """Last such second."""
        return int(self.samples["second"].max())

    @property
    def seconds(self) -> int:
        """Length of the run."""
        return self.last - self.first + 1


async def read_run(agent: Agent, run_id: str, report_id: str) -> RawRun:
    """Download every JTL of a run; the region is that of the generator that wrote it."""
    listed = await agent.call("list_bench_result_files", {"benchResultId": run_id})
    generators = await agent.call("list_bench_load_generators", {"benchResultId": run_id})
    regions = {row["id"]: row["region"] for row in generators["loadGenerators"]}
    frames = []
    async with aiohttp.ClientSession() as http:
        for name in (row["filename"] for row in listed["files"]):
            if not name.endswith(".jtl.gz"):
                continue
            which = {"benchResultId": run_id, "filename": name}
            ticket = await agent.call("download_bench_result_file", which)
            async with http.get(ticket["url"]) as answer:
                frame = _frame(await answer.read())
            frame["generator"] = name.removesuffix(".jtl.gz")
            frame["region"] = regions[name.removesuffix(".jtl.gz")]
            frames.append(frame)
    return RawRun(run_id, report_id, pd.concat(frames, ignore_index=True))


def _frame(packed: bytes) -> pd.DataFrame:
    texts = dict.fromkeys(("success", "responseCode", "method", "mediaType", "kind"), str)
    frame = pd.read_csv(io.BytesIO(packed), compression="gzip", keep_default_na=False, dtype=texts)
    for name in ("elapsed", "latency", "connect"):
        frame[name] = frame[f"{name}Us"] / 1000
    frame["network"] = (frame["elapsedUs"] - frame["latencyUs"]) / 1000
    frame["failed"] = frame["success"] == "false"
    frame["virtualUserId"] = frame["threadName"].str.split(" ").str[0]
    return frame


def figure(samples: pd.DataFrame, metric: str, seconds: float) -> float:
    """One metric of some samples.

    Args:
        samples: At least one.
        metric: Its id.
        seconds: Length of the time that they are from, for rates.
    """
    if metric in PERCENTILES:
        return ranked(samples["elapsed"], PERCENTILES[metric])
    family, _, kind = metric.rpartition("_")
    if family in TIMES:
        return _of_times(samples[TIMES[family]], kind)
    if family == "SENT_BYTES":
        return _of_sizes(samples["sentBytes"], kind, seconds)
    hits, errors = len(samples), int(samples["failed"].sum())
    received = int(samples["bytes"].sum())
    return {
        "HITS_TOTAL": hits,
        "HITS_RATE": hits / seconds,
        "HITS_SUCCESSFUL_TOTAL": hits - errors,
        "HITS_SUCCESSFUL_PERCENT": 100 * (hits - errors) / hits,
        "ERRORS_TOTAL": errors,
        "ERRORS_RATE": errors / seconds,
        "ERRORS_PERCENT": 100 * errors / hits,
        "THROUGHPUT_TOTAL": received,
        "THROUGHPUT_RATE": received / seconds,
        "RESPONSE_SIZE": received / hits,
        "ASSERTIONS_SUCCESS_TOTAL": int(samples["assertionsOk"].sum()),
        "ASSERTIONS_FAILURE_TOTAL": int(samples["assertionsFailed"].sum()),
        "ASSERTIONS_ERROR_TOTAL": int(samples["assertionsError"].sum()),
    }[metric]


def _of_times(times: pd.Series[float], kind: str) -> float:
    if kind == "APDEX":
        satisfied = int((times <= SATISFYING_MS).sum())
        tolerated = int((times <= TOLERATING_MS).sum()) - satisfied
        return (satisfied + tolerated / 2) / len(times)
    return _statistic(times, kind)


def _of_sizes(sizes: pd.Series[int], kind: str, seconds: float) -> float:
    if kind == "TOTAL":
        return int(sizes.sum())
    return int(sizes.sum()) / seconds if kind == "RATE" else _statistic(sizes, kind)


def _statistic(values: pd.Series[Any], kind: str) -> float:
    if kind in {"VAR", "STD"}:
        return float(values.var(ddof=0) if kind == "VAR" else values.std(ddof=0))
    return float(values.agg({"AVG": "mean", "MIN": "min", "MAX": "max"}[kind]))


def ranked(values: pd.Series[float], percent: float) -> float:
    """The nearest rank: the least value that this per cent of all do not exceed."""
    ordered = values.sort_values()
    return float(ordered.iloc[max(1, math.ceil(percent / 100 * len(ordered))) - 1])


def close_to(metric: str, value: float) -> Any:
    """What a tool may answer: exact, but for percentiles (1 %) and the rounding to 3 digits.

    Apdex is read from the histogram, too: what lies within 1.5 % of a threshold may count either
    way, so that it is compared apart.
    """
    if metric.endswith(EXACT):
        return pytest.approx(value, abs=1e-9)
    if metric in PERCENTILES:
        return pytest.approx(value, rel=0.01, abs=0.002)
    return pytest.approx(value, rel=1e-6, abs=0.001)


def assert_figures(found: dict[str, float | None], samples: pd.DataFrame, seconds: float) -> None:
    """Every figure that a tool answered equals the one computed from the samples."""
    for metric, value in found.items():
        expected = figure(samples, metric, seconds)
        if metric.endswith("_APDEX"):
            times = samples[TIMES[metric.removesuffix("_APDEX")]]
            near = sum(int(times.between(0.985 * t, 1.015 * t).sum()) for t in (500, 2000))
            assert value == pytest.approx(expected, abs=near / len(samples) + 0.0001), metric
        else:
            assert value == close_to(metric, expected), metric
