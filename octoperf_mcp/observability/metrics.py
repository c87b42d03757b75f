"""What is counted and timed, for Prometheus; labels have few values and never a user's or an id.

One `Metrics` an application, so that two in one process count apart.
"""

import time
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from octoperf_mcp import __version__
from octoperf_mcp.observability.tracing import FIELDS

OTHER: Final = "other"
_CALL_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_ROUTE_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SPEAKING: Final = frozenset(
    (
        "initialize",
        "ping",
        "server/discover",
        "tools/list",
        "tools/call",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
        "prompts/list",
        "prompts/get",
        "completion/complete",
        "logging/setLevel",
        "tasks/get",
        "tasks/update",
        "tasks/cancel",
        "tasks/list",
        "tasks/result",
        "subscriptions/listen",
        "notifications/initialized",
        "notifications/cancelled",
    )
)
"""Methods that are told apart; whatever else a client makes up is `other`."""

Read = Callable[[], Mapping[tuple[str, ...], float]]
"""Gives the values of a gauge by its labels when it is asked for."""


class Metrics:
    """The instruments of one application.

    Args:
        areas: Plugin of each tool: only these names become labels.
        clock: Seconds.
    """

    def __init__(
        self, areas: Mapping[str, str], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._areas = areas
        self.clock = clock
        self._registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self._registry)
        self._calls = Histogram(
            "octoperf_mcp_call_duration_seconds",
            "MCP requests, by method, tool and its area, and what became of them.",
            ("method", "tool", "area", "outcome"),
            buckets=_CALL_S,
            registry=self._registry,
        )
        self._http = Counter(
            "octoperf_mcp_http_requests",
            "HTTP requests to /mcp by status.",
            ("status",),
            registry=self._registry,
        )
        self._routes = Histogram(
            "octoperf_mcp_upstream_duration_seconds",
            "Calls of the OctoPerf REST API by route and status class; none: no answer.",
            ("route", "status"),
            buckets=_ROUTE_S,
            registry=self._registry,
        )
        self._outside = Histogram(
            "octoperf_mcp_outside_duration_seconds",
            "Calls of plugins to services of their own, by status class; none: no answer.",
            ("plugin", "call", "status"),
            buckets=_ROUTE_S,
            registry=self._registry,
        )
        build = Gauge(
            "octoperf_mcp_build_info", "The version.", ("version",), registry=self._registry
        )
        build.labels(__version__).set(1)
        self._known: dict[Hashable, Any] = {}
        self.on_asking: Callable[[str], tuple[Any, str]] | None = None
        self.on_asked: Callable[[Any, int], None] | None = None

    def know(self, areas: Mapping[str, str]) -> None:
        """Take these tools for all there are; the series of tools that are gone go with them."""
        calls = [key for key in self._known if isinstance(key, tuple) and len(key) == _CALL_KEY]
        gone = [key for key in calls if key[1] in self._areas and key[1] not in areas]
        for labels in {self._call_labels(*key) for key in gone}:
            self._calls.remove(*labels)
        for key in gone:
            self._known.pop(key, None)
        self._areas = dict(areas)

    def called(self, method: str, tool: str, outcome: str, seconds: float) -> None:
        """Time one MCP request; `outcome` is `ok` or the code of an error."""
        key = (method, tool, outcome)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._calls.labels(*self._call_labels(*key))
        found.observe(seconds)

    def answered(self, status: int) -> None:
        """Count one HTTP request."""
        found = self._known.get(status)
        if found is None:
            found = self._known[status] = self._http.labels(str(status))
        found.inc()

    def asking(self, route: str) -> tuple[Any, str]:
        """A call begins: its span, None without, and the header lines of its trace."""
        return (None, FIELDS.get()) if self.on_asking is None else self.on_asking(route)

    def asked(self, route: str, status: int, started: float, span: Any = None) -> None:
        """Time one REST call; `status` is 0 where there was no answer."""
        key = (route, status // 100)
        found = self._known.get(key)
        if found is None:
            told = f"{status // 100}xx" if status else "none"
            found = self._known[key] = self._routes.labels(route, told)
        found.observe(self.clock() - started)
        self.left(span, status)

    def left(self, span: Any, status: int = 0) -> None:
        """End the span of a call, also of one that nobody waits for any more."""
        if span is not None and self.on_asked is not None:
            self.on_asked(span, status)

    def asked_outside(
        self, plugin: str, call: str, status: int, started: float, span: Any = None
    ) -> float:
        """Time a call to a service of a plugin's own, as `asked` does; answers its seconds."""
        seconds = self.clock() - started
        told = f"{status // 100}xx" if status else "none"
        self._outside.labels(plugin, call, told).observe(seconds)
        self.left(span, status)
        return seconds

    def spoken(self, method: str, tool: str) -> tuple[str, str]:
        """Method and tool as far as they are known names, which clients did not make up."""
        return method if method in _SPEAKING else OTHER, tool if tool in self._areas else ""

    def gauge(self, name: str, meaning: str, labels: Collection[str], read: Read) -> None:
        """Show what `read` gives whenever the metrics are asked for."""
        self._registry.register(_Asked(name, meaning, tuple(labels), read))

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self._registry)

    def _call_labels(self, method: str, tool: str, outcome: str) -> tuple[str, str, str, str]:
        area = self._areas.get(tool, "")
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        return (
            method if method in _SPEAKING else OTHER,
            tool if area else "",
            area,
            outcome if outcome.replace("_", "").isalpha() else OTHER,
        )


_CALL_KEY: Final = 3
"""Method, tool and outcome."""

_MOST_KNOWN: Final = 5_000
"""Of names that clients make up, which all lead to a few instruments."""


class _Asked(Collector):
    """A gauge that is computed when it is asked for."""

    def __init__(self, name: str, meaning: str, labels: tuple[str, ...], read: Read) -> None:
        self._name = name
        self._meaning = meaning
        self._labels = labels
        self._read = read

    def collect(self) -> list[Metric]:
        family = GaugeMetricFamily(self._name, self._meaning, labels=self._labels)
        for labels, value in self._read().items():
            family.add_metric(labels, value)
        return [family]

    def describe(self) -> list[Metric]:
        return [GaugeMetricFamily(self._name, self._meaning, labels=self._labels)]


__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]
