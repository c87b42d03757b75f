"""Revisions of the protocol, and the `_meta` keys of the stateless one.

The same tables as `mcp_types.version`, held equal by a test: importing that package costs 0.2 s
and 33 MB, which is most of what a bridge may take to start.
"""

from typing import Final

LEGACY_VERSIONS: Final = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""Revisions with an `initialize` handshake, oldest first."""

MODERN_VERSIONS: Final = ("2026-07-28",)
"""Stateless revisions: every request carries its own metadata."""

LATEST_LEGACY: Final = LEGACY_VERSIONS[-1]
LATEST_MODERN: Final = MODERN_VERSIONS[-1]
ASSUMED_VERSION: Final = "2025-03-26"
"""What a legacy request without any version speaks (2025-11-25, basic/transports)."""

META_VERSION: Final = "io.modelcontextprotocol/protocolVersion"
META_CAPABILITIES: Final = "io.modelcontextprotocol/clientCapabilities"
META_CLIENT_INFO: Final = "io.modelcontextprotocol/clientInfo"
META_LOG_LEVEL: Final = "io.modelcontextprotocol/logLevel"
META_SERVER_INFO: Final = "io.modelcontextprotocol/serverInfo"
META_SUBSCRIPTION: Final = "io.modelcontextprotocol/subscriptionId"


def negotiate(requested: str) -> str:
    """Revision of a handshake: the requested one where we know it, else our newest."""
    return requested if requested in LEGACY_VERSIONS else LATEST_LEGACY
