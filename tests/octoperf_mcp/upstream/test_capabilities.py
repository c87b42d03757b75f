"""What an upstream offers."""

from octoperf_mcp.auth.bearer import anonymous_caller
from octoperf_mcp.config import UpstreamSettings
from octoperf_mcp.upstream.capabilities import Capabilities
from octoperf_mcp.upstream.client import RestClient


async def test_an_anonymous_caller_is_offered_nothing_and_nothing_is_asked() -> None:
    nobody = RestClient("http://127.0.0.1:1", (), UpstreamSettings())
    assert await Capabilities(nobody).offered(anonymous_caller()) == frozenset()
