"""Table of scheduled jobs: when each is due; the jobs themselves are documents."""

import sqlalchemy as sa

from octoperf_mcp.embedded.store.schema import metadata

job_due = sa.Table(
    "job_due",
    metadata,
    sa.Column("job_id", sa.Text, primary_key=True),
    sa.Column("scenario_id", sa.Text, nullable=False, index=True),
    sa.Column("due", sa.BigInteger, nullable=True, index=True),
)
"""`due` in epoch milliseconds; null for a job that is disabled or over."""
