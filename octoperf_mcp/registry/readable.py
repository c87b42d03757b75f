"""What can be read, held to its rules while plugins load: later, it would stop the server."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

import orjson

from octoperf_mcp.errors import PluginError
from octoperf_mcp.registry.assets import Prompt, PromptArgument, PublicAsset, Resource
from octoperf_mcp.registry.uri_templates import UriTemplate

SKILLS: Final = "skills/"
"""Folder of the public files that are skills."""
SKILL_FILE: Final = "SKILL.md"
"""The main file of a skill of several files, and what that of one file is called as a resource."""

_FRONT: Final = re.compile(rb"\A---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MAX_NAME_CHARS: Final = 64
_MAX_DESCRIPTION_CHARS: Final = 1024


def front_matter(path: str, content: bytes) -> dict[str, Any]:
    """Flat YAML, `key: value` a line; empty when the file has none.

    Raises:
        PluginError: it breaks a rule of skills.
    """
    found = _FRONT.match(content)
    if found is None:
        return {}
    front: dict[str, Any] = {}
    for line in found[1].decode("utf-8", "replace").splitlines():
        key, colon, value = line.partition(":")
        if not colon or key != key.strip():
            raise PluginError(f"{path}: the front matter is not one `key: value` a line")
        front[key] = _scalar(value.strip())
    name, description = front.get("name"), front.get("description")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > _MAX_NAME_CHARS:
        raise PluginError(f"{path}: a skill's name has lower-case letters, digits and hyphens")
    if not isinstance(description, str) or not 0 < len(description) <= _MAX_DESCRIPTION_CHARS:
        raise PluginError(f"{path}: a skill has a description of at most 1024 characters")
    return front


def is_skill(path: str) -> bool:
    """Whether a public file is a skill, once it has front matter."""
    within = path.removeprefix(SKILLS)
    return path.startswith(SKILLS) and (
        within.endswith("/" + SKILL_FILE) or ("/" not in within and within.endswith(".md"))
    )


def addresses_of(assets: Iterable[PublicAsset]) -> Iterator[str]:
    """The addresses at which public files can be read as resources.

    Raises:
        PluginError: a skill breaks a rule.
    """
    for asset in assets:
        if asset.resource_uri:
            yield asset.resource_uri
        if is_skill(asset.path) and (front := front_matter(asset.path, asset.content)):
            yield f"skill://{front['name']}/{SKILL_FILE}"


def check_readable(
    assets: Collection[PublicAsset],
    resources: Collection[Resource],
    prompts: Collection[Prompt],
    taken: Collection[str],
) -> None:
    """Refuse what no server could show.

    Args:
        assets: Public files of one plugin.
        resources: Its resources.
        prompts: Its prompts.
        taken: Addresses of all others.

    Raises:
        PluginError: a member has another type than it should, an address cannot be read or is
            taken, or a skill breaks a rule.
    """
    for asset in assets:
        texts = (asset.path, asset.media_type, asset.resource_uri, asset.title, asset.description)
        _require(f"the public file {asset.path!r}", texts, isinstance(asset.content, bytes))
    for resource in resources:
        named = (resource.uri, resource.name, resource.title, resource.description)
        _require(f"the resource {resource.uri!r}", (*named, resource.media_type))
        UriTemplate(resource.uri)
    for prompt in prompts:
        arguments = all(isinstance(each, PromptArgument) for each in prompt.arguments)
        _require(f"the prompt {prompt.name!r}", (prompt.name, prompt.title), arguments)
    seen = set(taken)
    for address in [*addresses_of(assets), *(resource.uri for resource in resources)]:
        if address in seen:
            raise PluginError(f"the resource {address!r} is registered twice")
        seen.add(address)


def _require(what: str, texts: Iterable[object], rest: bool = True) -> None:
    if not rest or not all(isinstance(text, str) for text in texts):
        raise PluginError(f"{what} has a member of a wrong type; `help(octoperf_mcp)` has them")


def _scalar(text: str) -> Any:
    """A scalar as YAML reads it: what is JSON, or else plain text."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
