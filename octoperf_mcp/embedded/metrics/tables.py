"""Tables of the metrics, on the platform's metadata.

A *series* is one set of dimensions of one generator; a *slice* is what one series measured in one
second, or in ten, sixty, six hundred, or (step 0) in the whole run. A *total* is what all hits
together measured. Keys are numbers, since a run has very many slices.
"""

import sqlalchemy as sa

from octoperf_mcp.embedded.store.schema import JsonText, metadata

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


metric_line = sa.Table(
    "metric_line",
    metadata,
    sa.Column("run_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("second", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("generator_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("columns", sa.LargeBinary, nullable=False),
)
"""What one generator measured in one second, until it is rolled up: a JSON list of columns, series
numbers first, then `NUMBERS` and `HISTOGRAMS`."""

metric_block = sa.Table(
    "metric_block",
    metadata,
    sa.Column("run_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("together", sa.Boolean, primary_key=True, autoincrement=False),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("first_second", sa.BigInteger, nullable=False),
    sa.Column("last_second", sa.BigInteger, nullable=False),
    sa.Column("slices", sa.LargeBinary, nullable=False),
)
"""Slices, packed by `blocks`: those of ten seconds where `step` is 1, else those of one start.

`together` marks totals, of which there are some in every step from a second on: what most charts
draw. `first_second` and `last_second` are the starts of the first and the last slice.
"""

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
