"""Small values kept for a user by a platform that offers it, as the embedded one does."""

from collections.abc import Callable

from octoperf_mcp.errors import ConflictError, NotFoundError
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.upstream.calls import DROP_VALUE, GET_VALUE, KEEP_VALUE
from octoperf_mcp.upstream.client import RestClient


class PlatformValues:
    """See `octoperf_mcp.protocol.kept_values.KeptValues`.

    Args:
        client: The REST client, once there is one.
    """

    def __init__(self, client: Callable[[], RestClient]) -> None:
        self._client = client

    async def put(
        self, caller: Caller, name: str, data: bytes, life_s: int, *, only_new: bool = False
    ) -> bool:
        """See `KeptValues.put`."""
        body = {"value": data.decode(), "lifeSec": life_s, "onlyNew": only_new}
        try:
            await self._client().call(KEEP_VALUE, caller, {"name": name}, body)
        except ConflictError:
            return False
        return True

    async def get(self, caller: Caller, name: str) -> bytes | None:
        """See `KeptValues.get`."""
        try:
            found = await self._client().call(GET_VALUE, caller, {"name": name})
        except NotFoundError:
            return None
        return str(found).encode()

    async def drop(self, caller: Caller, name: str) -> None:
        """See `KeptValues.drop`."""
        await self._client().call(DROP_VALUE, caller, {"name": name})
