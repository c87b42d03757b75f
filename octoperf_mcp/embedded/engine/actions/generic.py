"""Elements that only JMeter has, kept as GenericAction: those that this engine plays.

Adding a controller is a line in `CONTROLLERS`, by the last part of its `testClass`. The others are
left out with all below them, which the run log says once.
"""

import time
from collections.abc import Callable

from octoperf_mcp.embedded.engine.actions.compiler import (
    Node,
    Scope,
    action,
    compile_children,
    is_processor,
)
from octoperf_mcp.embedded.engine.actions.generic_assertions import kept_property
from octoperf_mcp.embedded.engine.actions.generic_classes import LISTENERS, class_of
from octoperf_mcp.embedded.engine.play.program import Step
from octoperf_mcp.embedded.engine.play.session import UserSession
from octoperf_mcp.entities.action_types import played_name


@action("GenericAction", "JMeterAction")
def _generic(node: Node, scope: Scope) -> Step | None:
    kind = class_of(node)
    compiler = CONTROLLERS.get(kind) or scope.added.get(played_name(node))
    if compiler is None and kind in LISTENERS:
        return None
    if compiler is None:
        name = node.get("name") or node.get("id")
        scope.warn(f"{kind or 'GenericAction'} {name!r} is not run by this engine.")
        return None
    return compiler(node, scope)


def _once_only(node: Node, scope: Scope) -> Step:
    """Plays in the first iteration of a user only."""
    body, key = compile_children(node, scope), object()

    def play(session: UserSession) -> None:
        if not session.store.get(key):
            session.store[key] = True
            body(session)

    return play


def _interleave(node: Node, scope: Scope) -> Step | None:
    """One child for each visit of a user, in turn."""
    each, key = [step for _, step in _named(node, scope)], object()

    def play(session: UserSession) -> None:
        visits = session.store.get(key, 0)
        session.store[key] = visits + 1
        each[visits % len(each)](session)

    return play if each else None


def _random_order(node: Node, scope: Scope) -> Step:
    """Each child once, in an order drawn anew."""
    each = [step for _, step in _named(node, scope)]

    def play(session: UserSession) -> None:
        for step in session.random.sample(each, len(each)):
            step(session)

    return play


def _switch(node: Node, scope: Scope) -> Step | None:
    """The child of a name or number from 0; of another name the one called `default`."""
    each, wanted = _named(node, scope), kept_property(node, "SwitchController.value")
    by_name = {name.strip().lower(): step for name, step in reversed(each)}

    def play(session: UserSession) -> None:
        value = wanted.render(session).strip()
        number = int(value or 0) if value.isascii() and (value.isdigit() or not value) else None
        if number is None:
            chosen = by_name.get(value.lower()) or by_name.get("default")
        else:
            chosen = each[number if number < len(each) else 0][1]
        if chosen is not None:
            chosen(session)

    return play if each else None


def _runtime(node: Node, scope: Scope) -> Step:
    """Plays its children again and again until some seconds are over."""
    body, seconds = compile_children(node, scope), kept_property(node, "RunTime.seconds")

    def play(session: UserSession) -> None:
        try:
            end = time.monotonic() + float(seconds.render(session))
        except ValueError:
            session.log("The seconds of a runtime controller are no number.", level="WARN")
            return
        while time.monotonic() < end:
            session.turn()
            body(session)

    return play


def _one_after_the_other(node: Node, scope: Scope) -> Step:
    scope.warn(f"What {node.get('name')!r} holds is played one after the other, not in parallel.")
    return compile_children(node, scope)


def _named(node: Node, scope: Scope) -> list[tuple[str, Step]]:
    """The enabled children that play, each with its name and the processors beside it."""
    children = [child for child in node.get("children") or [] if child.get("enabled")]
    beside = [child for child in children if is_processor(child)]
    return [
        (str(child.get("name") or ""), compile_children({"children": [*beside, child]}, scope))
        for child in children
        if not is_processor(child)
    ]


CONTROLLERS: dict[str, Callable[[Node, Scope], Step | None]] = {
    "OnceOnlyController": _once_only,
    "InterleaveControl": _interleave,
    "RandomOrderController": _random_order,
    "SwitchController": _switch,
    "RunTime": _runtime,
    "ParallelSampler": _one_after_the_other,
}
"""By class."""
