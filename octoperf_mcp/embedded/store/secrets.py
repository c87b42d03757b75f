"""Secret values: encrypted at rest and in answers, opened only for the load engine.

A secret value is `{"type": "PLAIN" | "ENCRYPTED", "value": text}` wherever it stands in a
document. The key is a file beside the database; the workspace is bound in, so that a value copied
into another workspace cannot be opened there.
"""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from octoperf_mcp.embedded.failures import Invalid

KEY_FILE = "secrets.key"
SECRET_KINDS = frozenset({"variable", "http_server", "scenario"})
"""Kinds whose documents may hold secret values."""

_NONCE_BYTES = 12
_PREFIX = "v1."


class Secrets:
    """AES-256-GCM with the key of the data directory."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def open(cls, data_dir: Path) -> Self:
        """Read the key of a data directory; a new one gets a new key that its owner alone reads."""
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
