"""Containers and think times: what decides which requests are played, and how often."""

from dataclasses import replace

from octoperf_mcp.embedded.engine.actions.compiler import (
    Node,
    Scope,
    action,
    compile_children,
    compile_each,
)
from octoperf_mcp.embedded.engine.actions.timers import compile_thinktime
from octoperf_mcp.embedded.engine.play.program import Step
from octoperf_mcp.embedded.engine.play.session import UserSession
from octoperf_mcp.embedded.engine.texts.expressions import ExpressionError, is_true

_FOREVER = -1


@action("ContainerAction")
def _container(node: Node, scope: Scope) -> Step:
    """Its requests are also summed up in a row of its own."""
    body = compile_children(node, scope)
    if node.get("generateSample") is False:
        return body
    action_id = str(node.get("id"))
    return lambda session: session.contained(action_id, body)


@action("LoopContainerAction")
def _loop(node: Node, scope: Scope) -> Step:
    body = compile_children(node, scope)
    expression = node.get("countExpression")
    count = scope.text(node, "countExpression" if expression else "count", "1")
    index = f"__jm__{node.get('name') or ''}__idx"

    def play(session: UserSession) -> None:
        turns = _count(session, count.render(session))
        turn = 0
        while turns == _FOREVER or turn < turns:
            session.turn()
            session.variables[index] = str(turn)
            body(session)
            turn += 1

    return play


def _count(session: UserSession, text: str) -> int:
    try:
        return int(float(text))
    except ValueError:
        session.log(f"Loop count {text!r} is no number.", level="WARN")
        return 0


@action("IfContainerAction")
def _if(node: Node, scope: Scope) -> Step:
    condition = scope.text(node, "condition")
    each = compile_each(node, scope)
    all_children = bool(node.get("evaluateAll"))

    def holds(session: UserSession) -> bool:
        text = condition.render(session)
        try:
            return is_true(text, session.variables)
        except ExpressionError as error:
            session.log(f"Condition cannot be evaluated: {error}", level="WARN")
            return False

    def play(session: UserSession) -> None:
        if not all_children and not holds(session):
            return
        for step in each:
            if not all_children or holds(session):
                step(session)

    return play


@action("WhileContainerAction")
def _while(node: Node, scope: Scope) -> Step:
    condition = scope.text(node, "condition")
    body = compile_children(node, scope)
    index = f"__jm__{node.get('name') or ''}__idx"

    def goes_on(session: UserSession, turn: int) -> bool:
        text = condition.render(session).strip()
        if not text:
            return turn == 0 or session.last_ok
        return text.lower() != "false"

    def play(session: UserSession) -> None:
        turn = 0
        while goes_on(session, turn):
            session.turn()
            session.variables[index] = str(turn)
            body(session)
            turn += 1

    return play


@action("ForEachContainerAction")
def _for_each(node: Node, scope: Scope) -> Step:
    body = compile_children(node, scope)
    source, target = scope.text(node, "inputVariable"), scope.text(node, "outputVariable")
    separator = "" if node.get("useSeparator") is False else "_"
    first, last = int(node.get("startIndex") or 0), node.get("endIndex")

    def play(session: UserSession) -> None:
        prefix, name = source.render(session) + separator, target.render(session)
        index = first
        while last is None or index < int(last):
            index += 1
            value = session.variables.get(f"{prefix}{index}")
            if value is None:
                return
            session.turn()
            session.variables[name] = value
            body(session)

    return play


@action("RandomContainerAction")
def _random(node: Node, scope: Scope) -> Step | None:
    each = compile_each(node, scope)
    return (lambda session: session.random.choice(each)(session)) if each else None


@action("FlowControlContainerAction", "ThroughputContainerAction")
def _flow_control(node: Node, scope: Scope) -> Step:
    body = compile_children(node, scope)
    share = float(node.get("value") or 0)
    percent = str(node.get("mode") or "PERCENT") == "PERCENT"
    per_user = bool(node.get("perUser"))
    key = object()

    def play(session: UserSession) -> None:
        store = session.store if per_user else scope.program.shared
        visits = store[key] = store.get(key, 0) + 1
        if _its_turn(visits, share) if percent else visits <= share:
            body(session)

    return play


def _its_turn(visit: int, percent: float) -> bool:
    """Spread evenly: of every hundred visits exactly `percent` are played, the first one too."""
    return -(-visit * percent // 100) > -(-(visit - 1) * percent // 100)


@action("ThinktimeAction", "DelayAction")
def _thinktime(node: Node, scope: Scope) -> Step | None:
    if not scope.options.think_times:
        return None
    value = node.get("thinktime") or node.get("value")
    if not isinstance(value, dict):
        value = {"@type": "ThinktimeConstant", "value": value}
    measure = compile_thinktime(scope.options.think_time_override or value)
    if measure is None:
        scope.warn(f"Think time {node.get('id')!r} has the unknown type {value.get('@type')!r}.")
        return None
    return lambda session: session.pause(measure(session))


@action("LinkAction", "FragmentAction")
def _link(node: Node, scope: Scope) -> Step | None:
    target = str(node.get("virtualUserId") or "")
    tree = scope.trees.get(target)
    if tree is None or target in scope.linked:
        problem = "links to itself" if tree is not None else f"links to {target!r}, not found"
        scope.warn(f"{node.get('@type')} {node.get('id')!r} {problem}.")
        return None
    return compile_children(tree, replace(scope, linked=(*scope.linked, target)))


@action("SetPropertyAction")
def _set_property(node: Node, scope: Scope) -> Step:
    name, value = scope.text(node, "propertyName"), scope.text(node, "value")

    def play(session: UserSession) -> None:
        session.properties[name.render(session)] = value.render(session)

    return play


@action("SLAProfileAction")
def _sla_profile(_: Node, __: Scope) -> None:
    """Declares what is expected; makes no traffic."""
