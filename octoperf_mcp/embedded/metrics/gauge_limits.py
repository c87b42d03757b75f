"""From when on a load generator is overloaded, so that its times are not to be trusted."""

CPU_PCT = 90.0
"""Of one core, which is all that a generator process can use."""
LAG_MS = 100.0
"""How late its timers fire: so much is added to every response time."""


def is_overloaded(lag_ms: float, cpu_pct: float) -> bool:
    """Whether a second of a generator was one too many."""
    return lag_ms >= LAG_MS or cpu_pct >= CPU_PCT
