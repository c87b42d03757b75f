"""`[policy]`."""

from dataclasses import dataclass

from octoperf_mcp import described


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """What is refused for a while, and what is told of calls."""

    freeze: bool = described("Refuse all tools that change something.", False)
    refuse: tuple[str, ...] = described("Tools that are refused, freeze or not.", ())
    reason: str = described("Why, for the agents that are refused.", "")
    slow_call_s: float = described("Calls that take longer are logged; 0: none.", 30.0)
    maintenance_file: str = described(
        "While this file exists, /readyz says that the server is not ready.", ""
    )
