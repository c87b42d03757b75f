"""Bench reports: items, metrics, filters, configurations."""

from typing import Annotated, Any, Literal

from pydantic import Field

from octoperf_mcp.entities.base import (
    Count,
    Description,
    Entity,
    InProject,
    Name,
    Owned,
    Stamp,
    Tags,
    Text,
    type_name,
)

MOST_COMPARED = 25
"""Runs that a trend shows besides its reference, at most."""


class SingleTermFilter(Entity):
    """Keeps samples whose tag has one value."""

    kind: Literal["SingleTermFilter"] = type_name()
    field: str
    term: str


class MultiTermFilter(Entity):
    """Keeps samples whose tag has one of several values."""

    kind: Literal["MultiTermFilter"] = type_name()
    field: str
    terms: list[str]


Filter = Annotated[SingleTermFilter | MultiTermFilter, Field(discriminator="kind")]


class TrendReportNameSelector(Entity):
    """Takes runs by the name of their scenario."""

    kind: Literal["TrendReportNameSelector"] = type_name()
    search: str
    match_type: Literal[
        "EQUALS",
        "EQUALS_IGNORECASE",
        "CONTAINS",
        "CONTAINS_IGNORECASE",
        "STARTS_WITH",
        "STARTS_WITH_IGNORECASE",
        "ENDS_WITH",
        "ENDS_WITH_IGNORECASE",
    ]


class TrendReportTagsSelector(Entity):
    """Takes runs that have all the tags."""

    kind: Literal["TrendReportTagsSelector"] = type_name()
    tags: list[str]


class TrendReportCreationDateSelector(Entity):
    """Takes runs created within a time range, epoch milliseconds."""

    kind: Literal["TrendReportCreationDateSelector"] = type_name()
    start: Annotated[int | None, Field(alias="from")] = None
    end: Annotated[int | None, Field(alias="to")] = None


TrendSelector = Annotated[
    TrendReportNameSelector | TrendReportTagsSelector | TrendReportCreationDateSelector,
    Field(discriminator="kind"),
]


class ApdexReportConfig(Entity):
    """Thresholds of the Apdex in milliseconds."""

    kind: Literal["ApdexReportConfig"] = type_name()
    satisfying: Annotated[float, Field(ge=0)]
    tolerating: Annotated[float, Field(ge=0)]


class TrendReportConfig(Entity):
    """Which runs a trend shows besides its reference; `shown` keeps only some of them."""

    kind: Literal["TrendReportConfig"] = type_name()
    selectors: list[TrendSelector] | None = None
    shown_results: Annotated[int | None, Field(ge=1, le=MOST_COMPARED)] = None
    labels: dict[str, str] | None = None
    shown: list[str] | None = None


class ComparisonReportConfig(Entity):
    """Names of the compared runs."""

    kind: Literal["ComparisonReportConfig"] = type_name()
    names: list[str] | None = None


class SingleColorReportConfig(Entity):
    """Colour of a curve."""

    kind: Literal["SingleColorReportConfig"] = type_name()
    color: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]


class ExportReportConfig(Entity):
    """How a report is printed."""

    kind: Literal["ExportReportConfig"] = type_name()
    orientation: Literal["portrait", "landscape"] | None = None
    cover_page: Text = None
    tables_row_count: dict[str, int] | None = None
    page_format: Text = None
    page_margin: dict[str, str] | None = None
    scale: float | None = None


class InsightsReportConfig(Entity):
    """Thresholds of the insights, percent by insight id; how much data they ask for."""

    kind: Literal["InsightsReportConfig"] = type_name()
    thresholds: dict[str, dict[str, float]] | None = None
    min_users: Count | None = None
    min_minutes: Count | None = None


Config = Annotated[
    ApdexReportConfig
    | TrendReportConfig
    | ComparisonReportConfig
    | SingleColorReportConfig
    | ExportReportConfig
    | InsightsReportConfig,
    Field(discriminator="kind"),
]


class ReportItemMetric(Entity):
    """One metric of one run, filtered; an older client writes `config` instead of `configs`."""

    id: str
    type: str
    filters: list[Filter] | None = None
    bench_result_id: Text = None
    configs: list[Config] | None = None


class ItemBase(Entity):
    """What all items have."""

    id: str
    name: Text = None
    description: Text = None
    width: Literal["FULL", "HALF"] | None = None
    configs: list[Config] | None = None


class MetricsItem(ItemBase):
    """An item drawn from its metrics."""

    kind: Literal[
        "SummaryReportItem",
        "BarChartReportItem",
        "PieChartReportItem",
        "LineChartReportItem",
        "PercentilesChartReportItem",
    ] = type_name()
    metrics: list[ReportItemMetric]


class StatisticItem(ItemBase):
    """A table or tree with a row per action; size 0 means all rows."""

    kind: Literal["StatisticTableReportItem", "StatisticTreeReportItem"] = type_name()
    metrics: list[ReportItemMetric]
    compute_type: Literal["NORMAL", "DELTA"] | None = None
    size: Count | None = None


class TopItem(ItemBase):
    """The actions with the highest or lowest values of one metric."""

    kind: Literal["TopReportItem"] = type_name()
    metrics: Annotated[list[ReportItemMetric], Field(min_length=1, max_length=1)]
    size: Count | None = None
    order: Literal["ASC", "DESC"] | None = None


class StackedChartItem(ItemBase):
    """Categories of one metric over time."""

    kind: Literal["StackedChartReportItem"] = type_name()
    metrics: Annotated[list[ReportItemMetric], Field(min_length=1, max_length=1)]
    mode: Literal["ABSOLUTE", "PERCENT"] | None = None


class AreaRangeChartItem(ItemBase):
    """A curve against a reference."""

    kind: Literal["AreaRangeChartReportItem"] = type_name()
    metrics: list[ReportItemMetric]
    reference_type: Literal["HISTOGRAM", "SUMMARY"] | None = None
    range_type: Literal["RAW", "PERCENTAGE"] | None = None


class ResultItem(ItemBase):
    """An item about one run as a whole."""

    kind: Literal[
        "InsightsReportItem",
        "ErrorsReportItem",
        "TextualMonitorReportItem",
        "MonitorsTableReportItem",
        "LoadGeneratorsChartReportItem",
        "LoadGeneratorsTreeReportItem",
        "SynopsisReportItem",
        "MonitoringAlarmsReportItem",
    ] = type_name()
    bench_result_id: Text = None
    filters: list[Filter] | None = None
    monitor_type: Literal["HOST", "JVM"] | None = None


class ThresholdAlarmItem(ItemBase):
    """Alarms of one run; older clients name it inside `metric`."""

    kind: Literal["ThresholdAlarmReportItem"] = type_name()
    bench_result_id: Text = None
    metric: dict[str, Any] | None = None


class TextItem(ItemBase):
    """Markdown, or the table of a trend's runs."""

    kind: Literal["TextReportItem", "TrendConfigReportItem"] = type_name()


BenchReportItem = Annotated[
    MetricsItem
    | StatisticItem
    | TopItem
    | StackedChartItem
    | AreaRangeChartItem
    | ResultItem
    | ThresholdAlarmItem
    | TextItem,
    Field(discriminator="kind"),
]


class TimeRange(Entity):
    """Part of a run, epoch milliseconds."""

    start: Annotated[int | None, Field(alias="from")] = None
    end: Annotated[int | None, Field(alias="to")] = None


class BenchReportTemplate(Owned):
    """The layout of a report of one run, kept in a workspace; what names a run is null."""

    workspace_id: Text = None
    name: Name
    description: Description = None
    items: list[BenchReportItem]
    configs: list[Config] | None = None
    created: Stamp = None
    last_modified: Stamp = None


class BenchReport(InProject):
    """The document: one run for a simple report or a trend's anchor, two to four compared."""

    name: Name
    description: Description = None
    bench_result_ids: list[str]
    items: list[BenchReportItem]
    configs: list[Config] | None = None
    tags: Tags = None
    type: Literal["SIMPLE", "TREND", "COMPARISON"] | None = None
    time_range: TimeRange | None = None
    created: Stamp = None
    last_modified: Stamp = None
