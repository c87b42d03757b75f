"""Skills made of public files."""

import hashlib
from typing import Any

import orjson
import pytest

from octoperf_mcp.errors import InvalidParamsError, PluginError
from octoperf_mcp.protocol import jsonrpc
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.skills import Skills
from octoperf_mcp.registry.assets import PublicAsset
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.registry.manager import load_registry

MARKDOWN = "text/markdown; charset=utf-8"


def asset(path: str, text: str) -> PublicAsset:
    return PublicAsset(path, MARKDOWN, text.encode())


def front(name: str, description: str = "What for.") -> str:
    return f"---\nname: {name}\ndescription: {description}\nversion: 2\n---\n# Title\n"


def skills(*assets: PublicAsset) -> Skills:
    return Skills({item.path: item for item in assets}, {"name": "octoperf-mcp"})


def exchange(**params: Any) -> Exchange:
    return Exchange(
        request=jsonrpc.Request(1, b"1", "skills/list", params),
        caller=Caller("ann", "c", frozenset(), "", 9e9),
        request_id="r",
        version="2026-07-28",
        modern=True,
        capabilities={},
    )


def result(reply: Reply) -> Any:
    return orjson.loads(reply.body)["result"]


SAMPLE = (
    asset("skills/one.md", front("octoperf-one")),
    asset("skills/b-two/SKILL.md", front("b-two")),
    asset("skills/b-two/references/deep/more.md", "# More\r\n"),
    asset("skills/plain.md", "# No front matter\n"),
    asset("AGENTS.md", front("no-skill")),
)


def test_a_skill_lists_all_its_files_with_their_digests() -> None:
    listed = result(skills(*SAMPLE).listing.reply(exchange()))["skills"]
    assert [entry["uri"] for entry in listed] == [
        "skill://b-two/SKILL.md",
        "skill://octoperf-one/SKILL.md",
    ]
    frontmatter = {"name": "b-two", "description": "What for.", "version": 2}
    assert listed[0]["frontmatter"] == frontmatter
    assert listed[0]["resources"][1] == {
        "uri": "skill://b-two/references/deep/more.md",
        "digest": "sha256:" + hashlib.sha256(b"# More\r\n").hexdigest(),
        "size": 8,
    }


def test_a_skill_is_got_by_its_address() -> None:
    found = result(skills(*SAMPLE).get(exchange(uri="skill://octoperf-one/SKILL.md")))
    assert found["skill"]["frontmatter"]["name"] == "octoperf-one"
    with pytest.raises(InvalidParamsError):
        skills(*SAMPLE).get(exchange(uri="skill://octoperf-one"))


def test_folders_are_walked_one_by_one() -> None:
    def children(uri: str) -> list[tuple[str, str]]:
        found = result(skills(*SAMPLE).directory(exchange(uri=uri)))["resources"]
        return [(child["name"], child["mimeType"]) for child in found]

    folder = ("references", "inode/directory")
    assert children("skill://b-two") == [("SKILL.md", "text/markdown"), folder]
    assert children("skill://b-two/references") == [("deep", "inode/directory")]
    assert children("skill://b-two/references/deep") == [("more.md", "text/markdown")]
    for uri in ("skill://b-two/SKILL.md", "skill://b-two/", "skill://none"):
        with pytest.raises(InvalidParamsError):
            children(uri)


@pytest.mark.parametrize(
    "text",
    [
        front("Upper"),
        front("two--hyphens"),
        front("x" * 65),
        front("good", "x" * 1025),
        front("good", ""),
        "---\nname: good\n  nested: 1\n---\n",
    ],
)
def test_front_matter_that_breaks_a_rule_stops_the_start(text: str) -> None:
    with pytest.raises(PluginError):
        skills(asset("skills/x.md", text))


def test_two_skills_of_one_name_are_refused() -> None:
    with pytest.raises(PluginError, match="twice"):
        skills(asset("skills/a.md", front("same")), asset("skills/b.md", front("same")))


def test_the_guides_that_ship_are_skills() -> None:
    found = Skills(load_registry().public_assets, {})
    assert found
    assert all(item.resource_uri.startswith("skill://octoperf-") for item in found.listed)


def test_without_skills_there_is_no_extension() -> None:
    assert not skills(asset("AGENTS.md", "# Guide\n"))
