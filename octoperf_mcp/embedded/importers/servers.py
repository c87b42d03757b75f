"""HTTP servers of an import."""

from typing import Any

from octoperf_mcp.entities.imported import Imported, new_id

Json = dict[str, Any]

_MAX_NAME = 255


class Servers:
    """One server for each protocol, host, port and settings, in the order of their first use."""

    def __init__(self, result: Imported) -> None:
        self._servers = result.servers
        self._ids: dict[tuple[object, ...], str] = {}

    def of(
        self,
        protocol: str,
        host: str,
        port: int,
        *,
        connect_ms: int = 0,
        response_ms: int = 0,
        keep_alive: bool = True,
    ) -> str:
        """Id of a server, within this import.

        Args:
            protocol: `HTTP` or `HTTPS`.
            host: Name or address; may hold a variable.
            port: 1 to 65535.
            connect_ms: Time to connect, 0 for no limit.
            response_ms: Time to wait for data, 0 for no limit.
            keep_alive: Whether connections are used again.
        """
        key = (protocol, host, port, connect_ms, response_ms, keep_alive)
        if key not in self._ids:
            self._ids[key] = new_id()
            self._servers.append(
                {
                    "id": self._ids[key],
                    "name": host[:_MAX_NAME],
                    "protocol": protocol,
                    "hostname": host,
                    "port": port,
                    "connectTimeoutMs": connect_ms,
                    "responseTimeoutMs": response_ms,
                    "ipSpoofing": False,
                    "keepAlive": keep_alive,
                    "resourcesPool": 6,
                    "authorizations": [],
                }
            )
        return self._ids[key]

    def by_id(self, server_id: str) -> Json:
        """The server with an id of this import."""
        return next(one for one in self._servers if one["id"] == server_id)
