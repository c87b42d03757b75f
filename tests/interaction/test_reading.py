"""Resources, prompts and completions through the official client, in both eras."""

import base64
from typing import Any

import mcp
import pytest
from mcp.types import (
    BlobResourceContents,
    PromptReference,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
)

BOTH = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])


@BOTH
async def test_public_files_are_resources_with_the_same_bytes(server: Any, mode: str) -> None:
    async with server.http.get(f"{server.url}/public/AGENTS.md") as answer:
        mirror = await answer.read()
    async with mcp.Client(server.url, mode=mode) as client:
        listed = {item.uri: item for item in (await client.list_resources()).resources}
        guide = listed["octoperf://templates/agents-md"]
        assert (guide.mime_type, guide.size) == ("text/markdown", len(mirror))
        read = (await client.read_resource(guide.uri)).contents[0]
        assert isinstance(read, TextResourceContents)
        assert read.text.encode() == mirror
        assert read.mime_type == "text/markdown"


@BOTH
async def test_skills_answer_to_their_older_address(server: Any, mode: str) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        older = await client.read_resource("octoperf://skills/octoperf-scheduling")
        newer = await client.read_resource("octoperf://skills/scheduling")
        assert isinstance(older.contents[0], TextResourceContents)
        assert isinstance(newer.contents[0], TextResourceContents)
        assert older.contents[0].text == newer.contents[0].text


@BOTH
async def test_a_template_is_listed_and_read_as_the_caller(server: Any, mode: str) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        templates = (await client.list_resource_templates()).resource_templates
        assert [item.uri_template for item in templates] == ["fixture://things/{thingId}"]
        read = (await client.read_resource("fixture://things/a%20b")).contents[0]
        assert isinstance(read, TextResourceContents)
        assert read.text == '{"id":"a b","owner":"anonymous"}'


@BOTH
async def test_bytes_are_read_as_base64(server: Any, mode: str) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        read = (await client.read_resource("fixture://picture")).contents[0]
        assert isinstance(read, BlobResourceContents)
        assert base64.b64decode(read.blob) == b"\x89PNG"
        assert read.mime_type == "image/png"


@BOTH
@pytest.mark.parametrize(
    "uri",
    [
        "fixture://nothing",
        "fixture://things/missing",
        "fixture://things/..",
        "fixture://things/%2e%2e",
        "fixture://things/a%2Fb",
        "fixture://things/a%00b",
        "fixture://things/%ff",
        "fixture://things/a/b",
    ],
)
async def test_what_is_not_there_is_invalid_params_with_the_address(
    server: Any, mode: str, uri: str
) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        with pytest.raises(mcp.MCPError) as caught:
            await client.read_resource(uri)
        assert caught.value.error.code == -32602
        assert caught.value.error.data == {"uri": uri}


@BOTH
async def test_every_tool_is_a_prompt_of_the_same_name(server: Any, mode: str) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        prompts = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
        assert tools | {"greet"} == prompts.keys()
        assert prompts["echo"].arguments is not None
        assert [(a.name, a.required) for a in prompts["echo"].arguments] == [
            ("text", True),
            ("times", False),
            ("tone", False),
        ]


@BOTH
async def test_a_tools_prompt_asks_for_the_call_with_typed_arguments(
    server: Any, mode: str
) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        prompt = await client.get_prompt("echo", {"text": "7", "times": "2"})
        content = prompt.messages[0].content
        assert prompt.messages[0].role == "user"
        assert isinstance(content, TextContent)
        assert "`echo`" in content.text
        assert '"text": "7"' in content.text
        assert '"times": 2' in content.text
        assert "wait for a yes" not in content.text


@BOTH
async def test_a_tools_prompt_tells_what_is_missing_and_what_it_destroys(
    server: Any, mode: str
) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        content = (await client.get_prompt("delete_thing")).messages[0].content
        assert isinstance(content, TextContent)
        assert "`thingId`: The thing, as returned by list_things." in content.text
        assert "wait for a yes" in content.text


@BOTH
async def test_a_plugins_prompt_is_rendered(server: Any, mode: str) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        content = (await client.get_prompt("greet", {"who": "Ann"})).messages[0].content
        assert isinstance(content, TextContent)
        assert content.text == "Say hello to Ann."


@BOTH
@pytest.mark.parametrize(
    ("name", "arguments"), [("nobody", {}), ("greet", {}), ("greet", {"whom": "Ann"})]
)
async def test_wrong_prompt_requests_are_invalid_params(
    server: Any, mode: str, name: str, arguments: dict[str, str]
) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        with pytest.raises(mcp.MCPError) as caught:
            await client.get_prompt(name, arguments)
        assert caught.value.error.code == -32602


@BOTH
async def test_template_variables_are_completed_a_hundred_at_most(server: Any, mode: str) -> None:
    reference = ResourceTemplateReference(type="ref/resource", uri="fixture://things/{thingId}")
    async with mcp.Client(server.url, mode=mode) as client:
        found = await client.complete(reference, {"name": "thingId", "value": "t"})
        assert found.completion.values[0] == "t000"
        assert len(found.completion.values) == 100
        assert found.completion.total == 150
        assert found.completion.has_more


@BOTH
async def test_prompt_arguments_without_known_values_complete_to_nothing(
    server: Any, mode: str
) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        reference = PromptReference(type="ref/prompt", name="echo")
        found = await client.complete(reference, {"name": "text", "value": ""})
        assert found.completion.values == []
        with pytest.raises(mcp.MCPError):
            await client.complete(reference, {"name": "nothing", "value": ""})


@BOTH
async def test_prompt_arguments_are_completed_from_the_live_account(server: Any, mode: str) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        reference = PromptReference(type="ref/prompt", name="greet")
        found = await client.complete(
            reference, {"name": "who", "value": "An"}, context_arguments={"place": "here"}
        )
        assert found.completion.values == ["An of here", "anonymous"]
        nothing = await client.complete(reference, {"name": "who", "value": "missing"})
        assert nothing.completion.values == []


@BOTH
async def test_a_prompt_whose_tools_are_missing_is_not_there(server: Any, mode: str) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        assert "fly" not in {prompt.name for prompt in (await client.list_prompts()).prompts}
        with pytest.raises(mcp.MCPError):
            await client.get_prompt("fly", {})


@BOTH
async def test_prompt_arguments_with_known_values_are_completed(server: Any, mode: str) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        reference = PromptReference(type="ref/prompt", name="echo")
        found = await client.complete(reference, {"name": "tone", "value": "LO"})
        assert found.completion.values == ["low", "loud"]


@BOTH
@pytest.mark.parametrize(
    ("reference", "name"),
    [
        (ResourceTemplateReference(type="ref/resource", uri="fixture://none/{x}"), "x"),
        (ResourceTemplateReference(type="ref/resource", uri="fixture://things/{thingId}"), "x"),
        (PromptReference(type="ref/prompt", name="none"), "x"),
    ],
)
async def test_completions_of_what_is_not_there_are_invalid_params(
    server: Any, mode: str, reference: Any, name: str
) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        with pytest.raises(mcp.MCPError) as caught:
            await client.complete(reference, {"name": name, "value": ""})
        assert caught.value.error.code == -32602


@BOTH
async def test_a_resource_that_cannot_be_had_now_says_what_to_do(server: Any, mode: str) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        with pytest.raises(mcp.MCPError) as caught:
            await client.read_resource("fixture://things/late")
        assert caught.value.error.code == -32603
        assert caught.value.error.data["code"] == "unavailable"
        assert caught.value.error.data["hint"] == "Try again in a minute."
