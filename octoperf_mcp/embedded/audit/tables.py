"""The table of the audit trail; the database itself refuses to change a row of it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from octoperf_mcp.embedded.store.schema import JsonText, metadata

audit_entry = sa.Table(
    "audit_entry",
    metadata,
    sa.Column(
        "id",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("user_id", sa.Text, nullable=False, index=True),
    sa.Column("username", sa.Text, nullable=False),
    # The grant, which is the `sid` of the token; "" for browsers and the command line.
    sa.Column("token_id", sa.Text, nullable=False),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("tool", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("entities", JsonText, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("arguments", JsonText, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("duration_ms", sa.Float, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
)

_ON_SQLITE = """
CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
"""
_FUNCTION_ON_POSTGRESQL = """
CREATE OR REPLACE FUNCTION audit_entry_stays() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$
"""
_ON_POSTGRESQL = """
CREATE TRIGGER audit_entry_stays BEFORE UPDATE ON audit_entry
FOR EACH ROW EXECUTE FUNCTION audit_entry_stays()
"""

_ddl: Any = sa.DDL  # untyped in the library

for _dialect, _statement in (
    ("sqlite", _ON_SQLITE),
    ("postgresql", _FUNCTION_ON_POSTGRESQL),
    ("postgresql", _ON_POSTGRESQL),
):
    event.listen(audit_entry, "after_create", _ddl(_statement).execute_if(dialect=_dialect))
