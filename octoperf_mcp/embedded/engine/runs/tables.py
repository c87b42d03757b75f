"""Tables of the engine: runs under way, and what validations found."""

import sqlalchemy as sa

from octoperf_mcp.embedded.store.schema import JsonText, metadata

active_run = sa.Table(
    "active_run",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("instance", sa.Text, nullable=False, index=True),
    sa.Column("is_validation", sa.Boolean, nullable=False),
)
"""Runs that are not over, by the instance of the platform that plays them."""

instance_seen = sa.Table(
    "instance_seen",
    metadata,
    sa.Column("instance", sa.Text, primary_key=True),
    sa.Column("seen", sa.BigInteger, nullable=False),
)
"""When each instance that plays runs was last there, epoch ms."""

stop_request = sa.Table(
    "stop_request",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("by", sa.Text, nullable=False),
)
"""Runs that somebody wants to end, for the instance that plays them."""

validation_run = sa.Table(
    "validation_run",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("virtual_user_id", sa.Text, nullable=False, index=True),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("started", sa.BigInteger, nullable=False),
)

validation_sample = sa.Table(
    "validation_sample",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("action_id", sa.Text, nullable=False),
    sa.Column("timestamp", sa.BigInteger, nullable=False),
    sa.Column("ok", sa.Boolean, nullable=False),
    sa.Column("entry", JsonText, nullable=False),
    sa.Index(None, "run_id", "action_id", "timestamp"),
)
"""One exchange of a validation; `seq` is the line of the capture file, so that it counts once."""

validation_body = sa.Table(
    "validation_body",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
"""Bodies of a validation by SHA-256; they go with their run."""

notice = sa.Table(
    "notice",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("plugin", sa.Text, primary_key=True),
    sa.Column("notifier", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("next_at", sa.BigInteger, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("held_until", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("ended", sa.BigInteger, nullable=True),
)
"""Who is to be told of a run that ended, written with its end; instants in epoch ms.

`state` is PENDING, SENT or FAILED. `holder` is the instance that tells it now, until `held_until`.
"""

run_headline = sa.Table(
    "run_headline",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("body", JsonText, nullable=False),
)
"""What notices tell of how a run went, computed once, before the first of them."""
