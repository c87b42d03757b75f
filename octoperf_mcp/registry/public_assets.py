"""The public files that ship with the distribution: guide, skills, schemas."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath

import orjson

from octoperf_mcp.registry.assets import PublicAsset

_MEDIA_TYPES = {
    ".md": "text/markdown; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
_URIS = {"skills": "octoperf://skills/", "schema": "octoperf://schema/"}
_GUIDE = ("AGENTS.md", "octoperf://templates/agents-md")
_DESCRIPTIONS = {
    "AGENTS.md": "Guide for agents of every vendor. Conventions, safety, tools, workflows.",
    "llms.txt": "What is served here without a sign-in, as a list.",
}


def shipped_assets() -> tuple[PublicAsset, ...]:
    """Every file of `octoperf_public_assets` that has a public media type."""
    root = files("octoperf_public_assets")
    return tuple(_asset(path, found) for path, found in sorted(_walk(root, PurePosixPath())))


def _walk(folder: Traversable, path: PurePosixPath) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        below = path / entry.name
        if entry.is_dir():
            yield from _walk(entry, below)
        elif below.suffix in _MEDIA_TYPES:
            yield str(below), entry


def _asset(path: str, file: Traversable) -> PublicAsset:
    content = file.read_bytes()
    name = PurePosixPath(path)
    folder = _URIS.get(name.parts[0], "")
    uri = _GUIDE[1] if path == _GUIDE[0] else f"{folder}{name.stem}" if folder else ""
    told = _told_by_schema(content) if name.suffix == ".json" else told_by_text(content)
    return PublicAsset(
        path=path,
        media_type=_MEDIA_TYPES[name.suffix],
        content=content,
        resource_uri=uri,
        title=told.get("title") or name.name,
        description=told.get("description") or _DESCRIPTIONS.get(path, ""),
    )


def _told_by_schema(content: bytes) -> Mapping[str, str]:
    schema = orjson.loads(content)
    return {key: schema[key] for key in ("title", "description") if key in schema}


def told_by_text(content: bytes) -> Mapping[str, str]:
    """The first heading, and the description of the front matter."""
    told: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        if line.startswith("description: "):
            told.setdefault("description", line.removeprefix("description: ").strip())
        if line.startswith("# "):
            return told | {"title": line[2:].strip()}
    return told
