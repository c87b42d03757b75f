"""What a third party lets people read cannot keep the server from starting."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from octoperf_mcp import Prompt, PromptArgument, PublicAsset, Resource, ToolContext
from octoperf_mcp.registry.manager import load_registry
from tests.octoperf_mcp.registry.third_party import installed, module_of

MARKDOWN = "text/markdown; charset=utf-8"


async def read(ctx: ToolContext, values: Mapping[str, str]) -> str:
    return f"{ctx} {values}"


def resource(uri: str, **changes: Any) -> Resource:
    given: dict[str, Any] = {"name": "acme", "title": "Acme", "description": "A.", **changes}
    return Resource(uri, media_type="text/plain", read=read, **given)


def skill(front: bytes, path: str = "skills/acme-notes.md") -> PublicAsset:
    return PublicAsset(path, MARKDOWN, b"---\n" + front + b"\n---\n# Notes")


ASSETS: list[tuple[Callable[[], Any], str]] = [
    (lambda: skill(b"name: Acme Notes\ndescription: Notes."), "a skill's name has lower-case"),
    (lambda: skill(b"name: acme-notes"), "a skill has a description"),
    (lambda: skill(b"name: acme-notes\ndescription: \xff"), ""),
    (lambda: skill(b"nothing"), "the front matter is not one `key: value` a line"),
    (lambda: skill(b"name: octoperf-scheduling\ndescription: Mine."), "registered twice"),
    (lambda: skill(b"name: a\ndescription: A.", "skills/a/SKILL.md"), ""),
    (lambda: PublicAsset("acme.md", MARKDOWN, "text"), "has a member of a wrong type"),  # type: ignore[arg-type]
    (lambda: PublicAsset("a.md", MARKDOWN, b"", "octoperf://schema/vu"), "registered twice"),
]
RESOURCES: list[tuple[Callable[[], Any], str]] = [
    (lambda: resource("octoperf://schema/vu"), "registered twice"),
    (lambda: resource("acme://{a}/{a}"), "only distinct simple variables"),
    (lambda: resource("acme://{+path}"), "only distinct simple variables"),
    (lambda: resource("acme://{team}", title=None), "has a member of a wrong type"),
    (lambda: resource("acme://{team}"), ""),
]
PROMPTS: list[tuple[Callable[[], Any], str]] = [
    (lambda: Prompt("acme", "Acme", "A.", ("team",)), "has a member of a wrong type"),  # type: ignore[arg-type]
    (lambda: Prompt("acme", "Acme", "A.", (PromptArgument("team", "T."),)), ""),
]


@pytest.mark.parametrize(
    ("hook", "make", "reason"),
    [
        *(("register_public_assets", *each) for each in ASSETS),
        *(("register_resources", *each) for each in RESOURCES),
        *(("register_prompts", *each) for each in PROMPTS),
    ],
)
def test_what_no_server_could_show_breaks_its_plugin_alone(
    monkeypatch: pytest.MonkeyPatch, hook: str, make: Callable[[], Any], reason: str
) -> None:
    with installed(monkeypatch, acme=module_of(**{hook: lambda: [make()]})):
        registry = load_registry(enable=["acme"])
    (found,) = [one for one in registry.plugins if one.name == "acme"]
    assert found.state == ("broken" if reason else "enabled"), found.reason
    assert reason in found.reason
