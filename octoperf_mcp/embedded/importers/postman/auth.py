"""Authorization of requests: of their own, or of the folder or collection around them."""

import base64
from typing import Any

from octoperf_mcp.embedded.importers.postman.texts import Texts, plain
from octoperf_mcp.embedded.importers.values import items, mapping, text

Json = dict[str, Any]
Pair = tuple[str, str]


def credentials(auth: Json, texts: Texts) -> tuple[list[Pair], list[Pair], str]:
    """Headers and query parameters that an authorization adds, and why it adds none."""
    kind = text(auth.get("type"))
    if kind in {"", "noauth"}:
        return [], [], ""
    given = _members(auth.get(kind))
    if kind == "basic":
        return [("Authorization", _basic(given, texts))], [], ""
    if kind == "bearer":
        return [("Authorization", f"Bearer {texts.converted(given.get('token', ''))}")], [], ""
    if kind == "apikey":
        pair = (texts.converted(given.get("key", "")), texts.converted(given.get("value", "")))
        if not pair[0]:
            return [], [], "its API key has no name and was left out"
        return ([], [pair], "") if given.get("in") == "query" else ([pair], [], "")
    if kind == "oauth2" and given.get("accessToken"):
        prefix = given.get("headerPrefix", "Bearer").strip() or "Bearer"
        token = texts.converted(given["accessToken"])
        if given.get("addTokenTo") == "queryParams":
            return [], [("access_token", token)], ""
        return [("Authorization", f"{prefix} {token}")], [], ""
    return [], [], f"authorization of the type {kind[:40]} was left out"


def _members(source: Any) -> dict[str, str]:
    """v2.1 lists pairs of key and value, v2.0 has an object."""
    if isinstance(source, dict):
        return {str(key): plain(value) for key, value in source.items()}
    rows = [mapping(one) for one in items(source)]
    return {text(one.get("key")): plain(one.get("value")) for one in rows}


def _basic(given: dict[str, str], texts: Texts) -> str:
    pair = f"{given.get('username', '')}:{given.get('password', '')}"
    if "{{" not in pair:
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    argument = texts.converted(pair).replace(",", "\\,")
    return f"Basic ${{__base64Encode({argument})}}"
