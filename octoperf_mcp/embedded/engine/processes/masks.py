"""Takes secrets out of what is kept: logs, errors, captures."""

import html
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "******"


class Mask:
    """Replaces secret values, as they are and as they stand in addresses, forms, JSON and pages."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {
            spelling
            for secret in secrets
            if secret
            for spelling in (
                secret,
                quote(secret, safe=""),
                quote_plus(secret),
                json.dumps(secret)[1:-1],
                json.dumps(secret, ensure_ascii=False)[1:-1],
                html.escape(secret),
            )
        }
        self._texts = sorted(spellings, key=len, reverse=True)
        self._bytes = [text.encode() for text in self._texts]

    def __bool__(self) -> bool:
        return bool(self._texts)

    def text(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._texts:
            text = text.replace(secret, HIDDEN)
        return text

    def data(self, data: bytes) -> bytes:
        """The bytes without secrets."""
        for secret in self._bytes:
            data = data.replace(secret, HIDDEN.encode())
        return data

    def tree(self, value: Any) -> Any:
        """A JSON value with every text in it masked."""
        if not self._texts:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.tree(item) for item in value]
        if isinstance(value, dict):
            return {key: self.tree(item) for key, item in value.items()}
        return value
