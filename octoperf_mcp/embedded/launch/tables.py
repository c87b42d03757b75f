"""Tables of launches: targets that a workspace confirmed, previews that were started."""

import sqlalchemy as sa

from octoperf_mcp.embedded.store.schema import metadata

load_target = sa.Table(
    "load_target",
    metadata,
    sa.Column("workspace_id", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)
"""Hosts that somebody said may be put under load from this workspace."""

launched = sa.Table(
    "launched",
    metadata,
    sa.Column("token", sa.Text, primary_key=True),
    sa.Column("report_id", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False, index=True),
)
"""What a launch token has started: it never starts anything again."""
