"""Tables of the metrics, on the platform's metadata.

A *series* is one set of dimensions of one generator; a *slice* is what one series measured in one
second, or in ten, sixty, six hundred, or (step 0) in the whole run. A *total* is what all hits
together measured. Keys are numbers, since a run has very many slices.
"""

import sqlalchemy as sa

from octoperf_mcp.embedded.metrics.aggregate import HISTOGRAMS, NUMBERS
from octoperf_mcp.embedded.store.schema import JsonText, metadata


def _number(name: str) -> "sa.Column[int] | sa.Column[float]":
    """Squares are floats: those of a whole run pass 64 bits."""
    if name.endswith("_sq"):
        return sa.Column(name, sa.Double, nullable=False)
    return sa.Column(name, sa.BigInteger, nullable=False)


metric_run = sa.Table(
    "metric_run",
    metadata,
    sa.Column("run_no", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False, unique=True),
    sa.Column("rolled", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.Boolean, nullable=False),
    sa.Column("labels", JsonText, nullable=False),
)
"""`rolled`: epoch second before which every slice also stands in the coarser steps."""

metric_generator = sa.Table(
    "metric_generator",
    metadata,
    sa.Column("generator_no", sa.Integer, primary_key=True),
    sa.Column("run_no", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
    sa.UniqueConstraint("run_no", "name"),
)

generator_second = sa.Table(
    "generator_second",
    metadata,
    sa.Column("generator_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("second", sa.BigInteger, nullable=False),
    sa.Column("users", sa.Integer, nullable=True),
    sa.Column("users_by_profile", JsonText, nullable=True),
    sa.Column("lag_ms", sa.Double, nullable=True),
    sa.Column("cpu_pct", sa.Double, nullable=True),
    sa.Column("machine_cpu_pct", sa.Double, nullable=True),
    sa.Column("memory_pct", sa.Double, nullable=True),
    sqlite_with_rowid=False,
)
"""One row per line that was taken in, so that a line counts once; gauges are NULL without any."""

metric_series = sa.Table(
    "metric_series",
    metadata,
    sa.Column("series_no", sa.Integer, primary_key=True),
    sa.Column("run_no", sa.Integer, nullable=False, index=True),
    sa.Column("generator_no", sa.Integer, nullable=False),
    sa.Column("action_id", sa.Text, nullable=False),
    sa.Column("virtual_user_id", sa.Text, nullable=False),
    sa.Column("profile", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
)


def _slices(name: str, *, with_rowid: bool) -> sa.Table:
    """Histograms are flat JSON lists; `start` is an epoch second, 0 for the whole run."""
    return sa.Table(
        name,
        metadata,
        sa.Column("run_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("series_no", sa.Integer, primary_key=True, autoincrement=False),
        *(_number(number) for number in NUMBERS),
        *(sa.Column(histogram, sa.Text, nullable=False) for histogram in HISTOGRAMS),
        sqlite_with_rowid=with_rowid,
    )


metric_slice = _slices("metric_slice", with_rowid=False)
"""Slices of one second: small rows that come in the order of their key, so that SQLite fills its
pages when the key is the tree."""

metric_rollup = _slices("metric_rollup", with_rowid=True)
"""Slices of more than a second: their histograms make them too large to stand in a key's tree."""


metric_total = sa.Table(
    "metric_total",
    metadata,
    sa.Column("run_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
    *(_number(number) for number in NUMBERS),
    *(sa.Column(histogram, sa.Text, nullable=False) for histogram in HISTOGRAMS),
)
"""All hits of a run, sub-requests included, in every step from a second on, once it is rolled up.

What most charts draw: one row for each point instead of one for each series and point.
"""


def slices_of(step: int) -> sa.Table:
    """Where the slices of a step are."""
    return metric_slice if step == 1 else metric_rollup


bench_error = sa.Table(
    "bench_error",
    metadata,
    sa.Column("error_no", sa.Integer, primary_key=True),
    sa.Column("run_no", sa.Integer, nullable=False),
    sa.Column("generator_no", sa.Integer, nullable=False),
    sa.Column("timestamp", sa.BigInteger, nullable=False),
    sa.Column("action_id", sa.Text, nullable=False),
    sa.Column("virtual_user_id", sa.Text, nullable=False),
    sa.Column("profile", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("elapsed_us", sa.BigInteger, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("assertions", JsonText, nullable=False),
    sa.Column("request", JsonText, nullable=True),
    sa.Column("response", JsonText, nullable=True),
    sa.Index(None, "run_no", "timestamp"),
)
