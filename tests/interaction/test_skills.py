"""Skills over HTTP (extension io.modelcontextprotocol/skills)."""

from typing import Any

import pytest

import octoperf_conformance

MAIN = "skill://a-sample-skill/SKILL.md"


@pytest.fixture
async def server(start: Any) -> Any:
    return await start(plugins=[octoperf_conformance])


async def test_skills_are_declared_listed_and_read(server: Any) -> None:
    _, discovered, _ = await server.modern("server/discover")
    extensions = discovered["result"]["capabilities"]["extensions"]
    assert extensions["io.modelcontextprotocol/skills"] == {"directoryRead": True}
    _, listed, _ = await server.modern("skills/list")
    assert [skill["uri"] for skill in listed["result"]["skills"]] == [MAIN]
    assert {"ttlMs", "cacheScope"} <= listed["result"].keys()
    _, read, _ = await server.modern("resources/read", {"uri": MAIN})
    (content,) = read["result"]["contents"]
    assert content["text"].startswith("---\nname: a-sample-skill\n")
    _, resources, _ = await server.modern("resources/list")
    entries = {entry["uri"]: entry for entry in resources["result"]["resources"]}
    assert entries[MAIN]["name"] == "a-sample-skill"
    assert entries[MAIN]["mimeType"] == "text/markdown"


async def test_without_skills_their_methods_do_not_exist(start: Any) -> None:
    server = await start()
    status, answer, _ = await server.modern("skills/list")
    assert (status, answer["error"]["code"]) == (404, -32601)
