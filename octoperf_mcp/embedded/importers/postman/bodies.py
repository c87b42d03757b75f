"""Bodies of a collection's requests."""

import re
from typing import Any

import orjson

from octoperf_mcp.embedded.importers.postman.texts import Texts, plain
from octoperf_mcp.embedded.importers.values import items, mapping, text

Json = dict[str, Any]

_TYPES = {
    "json": "application/json",
    "xml": "application/xml",
    "html": "text/html",
    "javascript": "application/javascript",
}
_FOLDERS = re.compile(r"^.*[/\\]", re.DOTALL)


def post_data(body: Any, texts: Texts) -> tuple[Json | None, str]:
    """The body, and what it needs or lacks; empty: nothing."""
    source = mapping(body)
    if not source or source.get("disabled") is True:
        return None, ""
    mode = text(source.get("mode"))
    content = source.get(mode)
    if mode == "raw":
        return _raw(source, texts), ""
    if mode == "urlencoded":
        return _form(content, texts), ""
    if mode == "formdata":
        return _multipart(content, texts)
    if mode == "graphql":
        return _graphql(mapping(content), texts), ""
    if mode == "file":
        name = text(mapping(content).get("src")) or text(content)
        made = {"@type": "FilePostData", "filename": file_name(name), "contentType": ""}
        return (made, _needs([name])) if name else (None, "")
    return None, f"its body of the mode {mode[:40]!r} was left out" if mode else ""


def file_name(path: str) -> str:
    """A file without its folders, as project files have none."""
    return _FOLDERS.sub("", path) or path


def _needs(names: list[str]) -> str:
    return f"needs project files: {', '.join(map(file_name, names))[:200]}"


def _raw(source: Json, texts: Texts) -> Json | None:
    body = plain(source.get("raw"))
    if not body:
        return None
    language = text(mapping(mapping(source.get("options")).get("raw")).get("language"))
    return {
        "@type": "RawPostData",
        "body": texts.converted(body),
        "contentType": _TYPES.get(language, "text/plain" if language else _guessed(body)),
    }


def _guessed(body: str) -> str:
    return "application/json" if body.lstrip()[:1] in ("{", "[") else "text/plain"


def _form(content: Any, texts: Texts) -> Json:
    if isinstance(content, str):
        pairs = [piece.partition("=") for piece in content.split("&") if piece]
        rows = [(key, value) for key, _, value in pairs]
    else:
        rows = [(plain(one.get("key")), plain(one.get("value"))) for one in _enabled(content)]
    parameters = [
        {"name": texts.converted(key), "value": texts.converted(value), "encode": True}
        for key, value in rows
    ]
    return {"@type": "FormPostData", "parameters": parameters}


def _multipart(content: Any, texts: Texts) -> tuple[Json, str]:
    parts: list[Json] = []
    needed: list[str] = []
    for one in _enabled(content):
        made = {
            "name": texts.converted(plain(one.get("key"))),
            "contentType": text(one.get("contentType")),
        }
        if text(one.get("type")) != "file":
            parts.append({**made, "value": texts.converted(plain(one.get("value")))})
            continue
        source = one.get("src")
        names = [text(name) for name in (source if isinstance(source, list) else [source])]
        needed += [name for name in names if name]
        parts += [{**made, "filename": file_name(name)} for name in names if name]
    return {"@type": "MultipartPostData", "parts": parts}, _needs(needed) if needed else ""


def _graphql(content: Json, texts: Texts) -> Json:
    variables = content.get("variables")
    if isinstance(variables, str):
        try:
            variables = orjson.loads(variables) if variables.strip() else {}
        except orjson.JSONDecodeError:
            variables = {}
    body = orjson.dumps({"query": plain(content.get("query")), "variables": variables or {}})
    return {
        "@type": "RawPostData",
        "body": texts.converted(body.decode()),
        "contentType": "application/json",
    }


def _enabled(content: Any) -> list[Json]:
    return [one for one in map(mapping, items(content)) if one.get("disabled") is not True]
