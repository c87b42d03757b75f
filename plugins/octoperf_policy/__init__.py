"""Policy: what an operator refuses for a while, and which calls are slow. Off by default."""

from collections.abc import Iterable

from octoperf_mcp import (
    AfterToolCall,
    BeforeToolCall,
    Command,
    ConfigSection,
    Drain,
    HealthCheck,
    Lifespan,
    hookimpl,
)
from octoperf_policy import life, rules
from octoperf_policy.settings import PolicySettings

octoperf_mcp_api = ">=1.0,<2"


@hookimpl
def register_config() -> Iterable[ConfigSection]:
    """`[policy]`."""
    return (ConfigSection("policy", PolicySettings),)


@hookimpl
def register_commands() -> Iterable[Command]:
    """`octoperf-mcp policy`."""
    return (
        Command(
            "octoperf_policy.command",
            "show which tools the policy refuses now",
            "octoperf-mcp policy --enable policy\n  octoperf-mcp policy --enable policy --json",
            name="policy",
        ),
    )


@hookimpl
def register_before_tool_call() -> Iterable[BeforeToolCall]:
    """What is refused, and what is under way."""
    return (BeforeToolCall(rules.refuse), BeforeToolCall(life.began, essential=False))


@hookimpl
def register_after_tool_call() -> Iterable[AfterToolCall]:
    """Slow calls."""
    return (AfterToolCall(life.ended),)


@hookimpl
def register_health_checks() -> Iterable[HealthCheck]:
    """Not ready while the maintenance file is there."""
    return (HealthCheck("maintenance", rules.maintenance),)


@hookimpl
def register_lifespan() -> Iterable[Lifespan]:
    """What held at start, and how many calls were slow."""
    return (life.lifespan,)


@hookimpl
def register_drain() -> Iterable[Drain]:
    """What the end waits for."""
    return (life.drain,)
