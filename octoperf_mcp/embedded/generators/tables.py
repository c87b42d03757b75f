"""Tables of load generators: what lets them join, which there are, what they played."""

import sqlalchemy as sa

from octoperf_mcp.embedded.store.schema import JsonText, metadata

join_token = sa.Table(
    "join_token",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("provider_id", sa.Text, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("last_used", sa.BigInteger, nullable=True),
)
"""What a machine shows to join a provider; only the SHA-256 of it is kept."""

load_generator = sa.Table(
    "load_generator",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("provider_id", sa.Text, primary_key=True),
    sa.Column("token_id", sa.Text, nullable=False),
    sa.Column("locations", JsonText, nullable=False),
    sa.Column("facts", JsonText, nullable=False),
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("connected", sa.Boolean, nullable=False),
    sa.Column("last_seen", sa.BigInteger, nullable=False),
)
"""A machine that joined. `facts`: what it says of itself; `instance`: where it is connected."""

generator_part = sa.Table(
    "generator_part",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("generator", sa.Text, primary_key=True),
    sa.Column("machine_id", sa.Text, nullable=False, index=True),
    sa.Column("provider_id", sa.Text, nullable=False),
    sa.Column("instance", sa.Text, nullable=False),
)
"""What a machine plays or still holds results of; the row goes when everything has come home."""
