"""`[delivery]`."""

from dataclasses import dataclass

from octoperf_mcp import Secret, described


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """Where messages go, and what a good run is."""

    webhook_url: Secret = described(
        "Incoming webhook of the chat; empty: no messages.", factory=Secret
    )
    max_error_pct: float = described("A run with more errors fails.", 1.0, least=0, most=100)
    max_p95_ms: float = described(
        "A run whose 95th percentile of response times is above fails; 0: any.", 0.0, least=0
    )
    quiet: bool = described("Refuse to send messages for now.", False)
    unready_after: int = described(
        "Messages refused in a row after which /readyz says no; 0: never.", 0, least=0
    )
