"""Secret values: encrypted at rest and in answers, opened only for the load engine.

A secret value is `{"type": "PLAIN" | "ENCRYPTED", "value": text}` wherever it stands in a
document. The key is configured, or a file of the data directory; the workspace is bound in, so that
a value copied into another workspace cannot be opened there. The database keeps a mark sealed with
its key: a server that has another one does not start, rather than fail at the first run.
"""

import base64
import binascii
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import metadata
from octoperf_mcp.errors import ConfigError

KEY_FILE = "secrets.key"
SECRET_KINDS = frozenset({"variable", "http_server", "scenario"})
"""Kinds whose documents may hold secret values."""

_KEY_BYTES = 32
_NONCE_BYTES = 12
_PREFIX = "v1."

sealing_key = sa.Table(
    "sealing_key",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    # The empty text, sealed: whoever opens it has the key of this database.
    sa.Column("mark", sa.Text, nullable=False),
)


class Secrets:
    """AES-256-GCM with one key for a database."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def open(cls, data_dir: Path, configured: str = "") -> Self:
        """Take the configured key, else read that of the data directory, making one if need be.

        Args:
            data_dir: Made when it is missing; its key is readable for its owner alone.
            configured: 32 bytes in Base64, as the file has them; "" for the file.

        Raises:
            ConfigError: the configured key is none.
        """
        if configured:
            return cls(_key_of(configured))
        path = data_dir / KEY_FILE
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(base64.b64decode(path.read_bytes()))
        key = AESGCM.generate_key(256)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(key))
            file.flush()
            os.fsync(file.fileno())
        return cls(key)

    async def require_key_of(self, database: Database) -> None:
        """Check that the values of a database were sealed with this key; an unmarked one is marked.

        Raises:
            ConfigError: they were sealed with another.
        """
        fresh = {"id": 1, "mark": self._seal({"value": ""}, "")}

        async def work(connection: AsyncConnection) -> str:
            await connection.execute(
                database.insert(sealing_key).values(**fresh).on_conflict_do_nothing()
            )
            return str((await connection.execute(sa.select(sealing_key.c.mark))).scalar_one())

        kept = {"type": "ENCRYPTED", "value": await database.write(work)}
        try:
            self._open(kept, "")
        except Invalid as error:
            raise ConfigError(
                "The secret variables of this database were sealed with another key. Give this "
                f"server the content of {KEY_FILE} from the data directory of the first one, as "
                "[embedded] secrets_key or in the file that "
                "OCTOPERF_MCP_EMBEDDED_SECRETS_KEY_FILE names."
            ) from error

    def sealed(self, body: Any, workspace_id: str) -> Any:
        """A copy with every PLAIN value encrypted.

        Raises:
            Invalid: an ENCRYPTED value was not made here, for this workspace.
        """

        def seal(value: dict[str, Any]) -> dict[str, Any]:
            if value["type"] == "PLAIN":
                return {**value, "type": "ENCRYPTED", "value": self._seal(value, workspace_id)}
            self._open(value, workspace_id)
            return value

        return _mapped(body, seal)

    def revealed(self, body: Any, workspace_id: str) -> Any:
        """A copy with every value PLAIN: for the load engine only, never for an answer.

        Raises:
            Invalid: a value was not made here, for this workspace.
        """

        def reveal(value: dict[str, Any]) -> dict[str, Any]:
            return {**value, "type": "PLAIN", "value": self._open(value, workspace_id)}

        return _mapped(body, reveal)

    def _seal(self, value: dict[str, Any], workspace_id: str) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, value["value"].encode(), workspace_id.encode())
        return _PREFIX + base64.urlsafe_b64encode(nonce + sealed).decode()

    def _open(self, value: dict[str, Any], workspace_id: str) -> str:
        if value["type"] == "PLAIN":
            plain: str = value["value"]
            return plain
        try:
            raw = base64.urlsafe_b64decode(value["value"].removeprefix(_PREFIX))
            nonce, sealed = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, sealed, workspace_id.encode()).decode()
        except (ValueError, InvalidTag) as error:
            raise Invalid(
                "A secret of type ENCRYPTED was not made for this workspace: send it as PLAIN."
            ) from error


def _key_of(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise ConfigError(
            "[embedded] secrets_key must be 32 bytes in Base64: openssl rand -base64 32."
        )
    return key


def _mapped(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(value, dict):
        if _is_secret(value):
            return change(value)
        return {key: _mapped(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_mapped(inner, change) for inner in value]
    return value


def _is_secret(value: dict[str, Any]) -> bool:
    return value.get("type") in {"PLAIN", "ENCRYPTED"} and isinstance(value.get("value"), str)
