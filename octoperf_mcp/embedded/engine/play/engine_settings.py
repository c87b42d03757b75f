"""Settings of a profile's engine block that are not applied, so that none is ignored unsaid."""

from collections.abc import Iterator, Mapping
from typing import Any

from octoperf_mcp.entities.engines import BROWSERS

Document = Mapping[str, Any]


def not_applied(engine: Document, virtual_user_type: str) -> list[str]:
    """What does not happen, a sentence each, for the run log and a preview.

    Args:
        engine: The engine block of a profile.
        virtual_user_type: Of the virtual user that the profile plays.
    """
    found = []
    if (engine.get("dns") or {}).get("servers"):
        found.append("its DNS servers are not asked.")
    settings = engine.get("settings") or {}
    if (settings.get("externalLiveReporting") or {}).get("listeners"):
        found.append("its results are sent to no external listener.")
    if virtual_user_type in BROWSERS:
        found += _in_browsers(engine, listed=virtual_user_type == "WEB_DRIVER")
    return found


def _in_browsers(engine: Document, *, listed: bool) -> Iterator[str]:
    """What is applied to requests of the engine itself, and not to those of a real browser."""
    if (engine.get("bandwidth") or {}).get("bitsPerSecond"):
        yield "its bandwidth is not applied: its browsers read as fast as they can."
    if (engine.get("dns") or {}).get("staticHosts"):
        yield "its static hosts are not applied: its browsers resolve names as this machine does."
    if engine.get("browser"):
        yield (
            "its browser block (user agent, cache, cookies, resources) is not applied: its "
            "browsers are real ones, new in each iteration; 'device' chooses what they look like."
        )
    if ((engine.get("settings") or {}).get("thinkTime") or {}).get("thinktime") and listed:
        yield "its think time is not applied: a list waits at its 'pause' steps only."
    if ((engine.get("properties") or {}).get("map") or {}) and not listed:
        yield "its properties are not seen by its scripts: give them variables, as process.env."
