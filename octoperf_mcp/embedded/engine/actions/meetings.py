"""Logic without traffic that users share: meeting points and queues."""

from octoperf_mcp.embedded.engine.actions.compiler import Node, Scope, action
from octoperf_mcp.embedded.engine.play.program import Step
from octoperf_mcp.embedded.engine.play.session import UserSession

_TIMEOUT_MS = 30_000
_POLL_MS = 5000


@action("RendezVousAction")
def _rendez_vous(node: Node, scope: Scope) -> Step:
    """Holds users until a share of those who come here have come, or the time is over."""
    name = str(node.get("rendezVousName") or node.get("name") or node.get("id"))
    percent = min(100.0, max(0.0, _number(node, "usersPercent", 100)))
    timeout_ms = _number(node, "timeoutMs", _TIMEOUT_MS)
    scope.program.meetings.add(name)

    def play(session: UserSession) -> None:
        session.checkpoint()
        if not session.company.meet(session, name, percent, timeout_ms):
            session.log(f"Rendez-vous {name!r}: not all came within {timeout_ms:.0f} ms.")

    return play


@action("PutQueueAction")
def _put(node: Node, scope: Scope) -> Step:
    queue, value = scope.text(node, "queueName"), scope.text(node, "value")

    def play(session: UserSession) -> None:
        session.company.put(queue.render(session), value.render(session))

    return play


@action("PollQueueAction")
def _poll(node: Node, scope: Scope) -> Step:
    """Takes the oldest value; without one in time the variable is empty, and the log says so."""
    queue, variable = scope.text(node, "queueName"), scope.text(node, "variable")
    timeout_ms = _number(node, "timeoutMs", _POLL_MS)

    def play(session: UserSession) -> None:
        session.checkpoint()
        name = queue.render(session)
        value = session.company.take(session, name, timeout_ms)
        if value is None:
            session.log(f"Queue {name!r}: nothing came in {timeout_ms:.0f} ms.", level="WARN")
        session.variables[variable.render(session)] = value or ""

    return play


def _number(node: Node, key: str, default: float) -> float:
    value = node.get(key)
    return default if value is None else float(value)
