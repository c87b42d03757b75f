"""The official Python client against our server, in both eras."""

from typing import Any

import mcp
import pytest
from mcp.shared.exceptions import MCPDeprecationWarning

ERAS = [("legacy", "2025-11-25"), ("auto", "2026-07-28"), ("2026-07-28", "2026-07-28")]


@pytest.mark.parametrize(("mode", "version"), ERAS[:2])
async def test_the_client_and_the_server_settle_the_revision(
    server: Any, mode: str, version: str
) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        assert client.protocol_version == version
        assert client.server_info is not None
        assert client.server_info.name == "octoperf-mcp"
        assert client.instructions
        assert "delete_thing" not in client.instructions


@pytest.mark.parametrize(("mode", "version"), ERAS)
async def test_tools_are_listed_in_order_with_all_hints(
    server: Any, mode: str, version: str
) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        tools = (await client.list_tools()).tools
        names = [tool.name for tool in tools]
        assert names == sorted(names)
        assert "echo" in names
        for tool in tools:
            assert tool.annotations is not None
            assert None not in tool.annotations.model_dump().values()


@pytest.mark.parametrize(("mode", "version"), ERAS)
async def test_text_and_structured_content_say_the_same(
    server: Any, mode: str, version: str
) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        result = await client.call_tool("echo", {"text": "hé\n", "times": 2})
        assert not result.is_error
        assert result.structured_content == {
            "text": "hé\nhé\n",
            "url": "https://octoperf.test/ui",
        }
        assert isinstance(result.content[0], mcp.types.TextContent)
        assert result.content[0].text == '{"text":"hé\\nhé\\n","url":"https://octoperf.test/ui"}'


@pytest.mark.parametrize(("mode", "version"), ERAS)
async def test_wrong_arguments_are_a_result_that_says_what_to_do(
    server: Any, mode: str, version: str
) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        result = await client.call_tool("echo", {"txt": "x"})
        assert result.is_error
        told = result.structured_content
        assert told["code"] == "invalid_argument"
        assert told["next"]
        assert told["requestId"]


@pytest.mark.parametrize(("mode", "version"), ERAS)
async def test_an_unknown_tool_is_a_protocol_error_with_the_nearest_name(
    server: Any, mode: str, version: str
) -> None:
    async with mcp.Client(server.url, mode=mode) as client:
        with pytest.raises(mcp.MCPError) as caught:
            await client.call_tool("ecko", {})
        assert caught.value.error.code == -32602
        assert caught.value.error.data == {"tool": "ecko", "didYouMean": "echo"}


@pytest.mark.parametrize(("mode", "version"), ERAS)
async def test_progress_grows_and_ends_before_the_answer(
    server: Any, mode: str, version: str
) -> None:
    seen: list[tuple[float, float | None, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total, message))

    async with mcp.Client(server.url, mode=mode) as client:
        result = await client.call_tool("count", {"upTo": 3}, progress_callback=note)
        assert not result.is_error
    assert seen == [(1, 3, "at 1"), (2, 3, "at 2"), (3, 3, "at 3")]


async def test_a_ping_is_answered(server: Any) -> None:
    async with mcp.Client(server.url, mode="legacy") as client:
        with pytest.warns(MCPDeprecationWarning):
            await client.send_ping()
