"""Actions of plugins: from the order of a run to steps that its users play.

Only the functions that the run needs are imported, in the process that plays. Whatever they
raise is a KO row; the user goes on.
"""

import importlib
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from octoperf_mcp.embedded.engine.actions.added_user import AtAction, Compiled
from octoperf_mcp.embedded.engine.actions.compiler import (
    Compiler,
    Node,
    Scope,
    compile_action,
    compile_children,
    is_processor,
    processors,
)
from octoperf_mcp.embedded.engine.actions.scripts import failing_row
from octoperf_mcp.embedded.engine.play.control import Departure
from octoperf_mcp.embedded.engine.play.program import Step
from octoperf_mcp.embedded.engine.play.session import UserSession
from octoperf_mcp.entities.playing import ActionUser

log = logging.getLogger(__name__)

Play = Callable[[ActionUser], None]


def added_compilers(messages: Iterable[Mapping[str, Any]]) -> dict[str, Compiler]:
    """Compilers by `@type` and by JMeter class.

    Args:
        messages: As `AddedAction.message` makes them.
    """
    return {name: _compiler(message) for message in messages for name in message["names"]}


def _compiler(message: Mapping[str, Any]) -> Compiler:
    def compiler(node: Node, scope: Scope) -> Step:
        try:
            play = _imported(message["play"])
        except Exception as error:  # noqa: BLE001 - code of others, which may do anything
            reason = (
                f"the plugin {message['plugin']} cannot play it: {type(error).__name__}: {error}"
            )
            return failing_row(node, scope, reason)
        if message["container"]:
            return _container(play, message["plugin"], node, scope)
        return _leaf(play, message["plugin"], node, scope)

    return compiler


def _imported(place: str) -> Play:
    module, _, name = place.partition(":")
    found: Play = getattr(importlib.import_module(module), name)
    if not callable(found):
        raise TypeError(f"{place} is no function")
    return found


def _container(play: Play, plugin: str, node: Node, scope: Scope) -> Step:
    body = compile_children(node, scope)
    compiled = Compiled(node, scope, plugin, (), (), body=body)

    def step(session: UserSession) -> None:
        session.contained(compiled.id, lambda user: _played(play, compiled, user))

    return step


def _leaf(play: Play, plugin: str, node: Node, scope: Scope) -> Step:
    children = [child for child in node.get("children") or [] if child.get("enabled")]
    extractors, assertions = processors(children, scope)
    others = [compile_action(child, scope) for child in children if not is_processor(child)]
    before = [one for one in others if one is not None]
    compiled = Compiled(
        node,
        scope,
        plugin,
        (*extractors, *scope.extractors),
        (*assertions, *scope.assertions),
    )

    def step(session: UserSession) -> None:
        for one in before:
            one(session)
        _played(play, compiled, session)

    return step


def _played(play: Play, compiled: Compiled, session: UserSession) -> None:
    session.checkpoint()
    session.waited()
    user = AtAction(compiled, session)
    try:
        play(user)
    except Departure:
        raise
    except Exception as error:  # noqa: BLE001 - code of others, which may do anything
        user.failed(error)
