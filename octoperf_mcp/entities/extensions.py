"""What plugins add to the embedded platform, as both sides of the wall know it.

The command that runs the platform makes these objects of what plugins registered and hands them
over, again after every switch; the platform never sees a plugin.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

Deliver = Callable[[str, Json], Awaitable[None]]
"""`(address, body)`: posts JSON through the platform's outbound guard, again where that may help.

Raises an `OctoPerfMcpError`, whose message names no more of the address than its host, when the
platform may not send there or nobody took it.
"""


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A load run that has ended; validations are none.

    Args:
        run_id: Id of the bench result.
        name: Of the run.
        state: FINISHED, ABORTED (stopped, or ended early) or ERROR (it never got to play).
        cause: Why it ended, a sentence, as its bench result tells.
        workspace_id: Where it belongs.
        project_id: Where it belongs.
        scenario_id: What was run.
        started_at: Epoch milliseconds; 0 when it never began to play.
        ended_at: Epoch milliseconds.
        user_load: Most virtual users at a time, as planned.
        hits: Requests made; None where they could not be read.
        errors: How many of them failed; None likewise.
        report_url: Page of its report; empty when there is none.
    """

    run_id: str
    name: str
    state: str
    cause: str
    workspace_id: str
    project_id: str
    scenario_id: str
    started_at: int
    ended_at: int
    user_load: int
    hits: int | None
    errors: int | None
    report_url: str


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who is told of ended runs; see `Notifier`, which it is made of."""

    plugin: str
    name: str
    tell: Callable[[EndedRun, Deliver], Awaitable[None]]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Extensions:
    """All that the enabled plugins add."""

    listeners: tuple[Listener, ...] = ()
