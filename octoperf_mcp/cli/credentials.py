"""Tokens of the `call` command, kept between calls in a file that only its owner can read."""

import os
from pathlib import Path
from typing import Any, TypeVar

import orjson
from mcp.client.auth import TokenStorage
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import BaseModel, ValidationError

_Model = TypeVar("_Model", bound=BaseModel)


def credentials_file() -> Path:
    """`$XDG_CONFIG_HOME/octoperf-mcp/credentials.json`."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "octoperf-mcp" / "credentials.json"


def callback_port(client: OAuthClientInformationFull | None) -> int:
    """The port of the address that a client registered; 0 for none."""
    addresses = client.redirect_uris if client is not None else None
    return (addresses[0].port or 0) if addresses else 0


class FileStorage(TokenStorage):
    """Tokens and registration of one server address."""

    def __init__(self, path: Path, url: str) -> None:
        self._path = path
        self._url = url

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens, if the client has signed in before."""
        return self._get("tokens", OAuthToken)

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep the tokens."""
        self._set("tokens", tokens.model_dump(mode="json", exclude_none=True))

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """The registration, if there is one."""
        return self._get("client", OAuthClientInformationFull)

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep the registration."""
        self._set("client", client_info.model_dump(mode="json", exclude_none=True))

    async def forget(self) -> None:
        """Keep nothing of this server."""
        stored = self._read()
        if stored.pop(self._url, None) is not None:
            self._write(stored)

    def _read(self) -> dict[str, Any]:
        try:
            found = orjson.loads(self._path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return {}
        return found if isinstance(found, dict) else {}

    def _get(self, key: str, kind: type[_Model]) -> _Model | None:
        value = self._read().get(self._url, {}).get(key)
        try:
            return kind.model_validate(value) if value else None
        except ValidationError:
            return None

    def _set(self, key: str, value: dict[str, Any]) -> None:
        stored = self._read()
        stored.setdefault(self._url, {})[key] = value
        self._write(stored)

    def _write(self, stored: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(stored))
        fresh.replace(self._path)
