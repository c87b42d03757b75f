"""What an upstream offers."""

from typing import cast

from octoperf_mcp.auth.bearer import anonymous_caller
from octoperf_mcp.upstream.capabilities import Capabilities
from octoperf_mcp.upstream.client import RestClient


async def test_an_anonymous_caller_is_offered_nothing_and_nothing_is_asked() -> None:
    nobody = cast("RestClient", object())
    assert await Capabilities(nobody).offered(anonymous_caller()) == frozenset()
