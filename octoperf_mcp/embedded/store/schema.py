"""Tables of documents, revisions, members, files, tasks and presigned addresses.

Rooms with tables of their own define them in their `tables.py` on this `metadata`.
"""

import secrets
import time
from typing import Any

import orjson
import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class JsonText(sa.TypeDecorator[Any]):
    """JSON kept as text by orjson: what was read is what was written, unknown properties too."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - signature of SQLAlchemy
        """Python → text."""
        return None if value is None else self.written(value).decode()

    @staticmethod
    def written(value: Any) -> bytes:
        """The text as bytes."""
        return orjson.dumps(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:  # noqa: ARG002 - signature of SQLAlchemy
        """Text → Python."""
        return None if value is None else orjson.loads(value)


def new_id() -> str:
    """Id of a document: 20 characters of URL-safe base64, as the original's look.

    None begins with a dash, which commands would take for an option.
    """
    while (made := secrets.token_urlsafe(15)).startswith("-"):
        pass
    return made


def now_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


schema_version = sa.Table(
    "schema_version",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, nullable=False),
)

document = sa.Table(
    "document",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("project_id", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("modified", sa.BigInteger, nullable=False),
    sa.Column("body", JsonText, nullable=False),
    sa.Column("undo_to", sa.BigInteger, nullable=True),
    sa.Index(None, "kind", "project_id"),
    sa.Index(None, "kind", "workspace_id"),
    sa.Index(None, "project_id"),
)

"""`undo_to` is the version that an undo puts back; NULL: the one before."""

document_revision = sa.Table(
    "document_revision",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("replaced", sa.BigInteger, nullable=False),
    sa.Column("replaced_by", sa.Text, nullable=False),
    sa.Column("body", JsonText, nullable=False),
    sa.Column("summary", sa.Text, nullable=False, server_default=""),
    sa.Column("undo_to", sa.BigInteger, nullable=True),
    sa.Column("size", sa.BigInteger, nullable=False, server_default="0"),
)
"""`summary` tells what replaced this version; `size` is the length of `body` in bytes."""

blob_use = sa.Table(
    "blob_use",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("last_version", sa.BigInteger, nullable=True),
    sa.Index(None, "kind", "id"),
)
"""Blobs that a document names; `last_version` is the last that does, NULL: the current one."""

workspace_member = sa.Table(
    "workspace_member",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False, index=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("modified", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("workspace_id", "user_id"),
)

blob = sa.Table(
    "blob",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)
"""`data` is the first part of the bytes; what is beyond stands in `blob_part`."""

blob_part = sa.Table(
    "blob_part",
    metadata,
    sa.Column("key", sa.Text, sa.ForeignKey("blob.key"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

project_file = sa.Table(
    "project_file",
    metadata,
    sa.Column("project_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("blob_key", sa.Text, sa.ForeignKey("blob.key"), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("modified", sa.BigInteger, nullable=False),
)

presigned = sa.Table(
    "presigned",
    metadata,
    sa.Column("token_hash", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("principal", JsonText, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("query", JsonText, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),
    sa.Column("used", sa.BigInteger, nullable=True),
)

task = sa.Table(
    "task",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("body", JsonText, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("ended", sa.BigInteger, nullable=True, index=True),
    sa.Column("result", JsonText, nullable=True),
)
