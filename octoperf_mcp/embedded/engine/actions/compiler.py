"""From the action tree of a virtual user to a program; one small function per node type.

    ACTIONS["LoopContainerAction"] = function(node, scope) -> Step | None

A node that is disabled is left out. What cannot run is named in the run log once, when the tree
is compiled; where the original makes a row for it, a KO row says so at run time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.engine.actions.assertions import ASSERTIONS, Assertion
from octoperf_mcp.embedded.engine.actions.extractors import EXTRACTORS, Extractor
from octoperf_mcp.embedded.engine.actions.generic_classes import PROCESSORS, class_of
from octoperf_mcp.embedded.engine.play.program import Program, Step
from octoperf_mcp.embedded.engine.play.session import UserSession
from octoperf_mcp.embedded.engine.texts.templates import Template, compile_text
from octoperf_mcp.embedded.engine.wire.transport import Server

Node = Mapping[str, Any]
Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How a profile plays its virtual user; see `profile_options` for where each comes from."""

    think_times: bool = True
    think_time_override: Node | None = None
    keep_alive: bool | None = None
    user_agent: str = ""
    sends_cookies: bool = True
    download_resources: bool | None = None
    """None: as each request says."""
    validating: bool = False
    """Judge each request by the KO matrix."""
    body_cap_bytes: int = 4 * 1024 * 1024
    """Kept of each answer for extractors and assertions; the rest is read and counted."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a node may refer to, and what its containers put around it."""

    servers: Mapping[str, Server]
    authorizations: Mapping[str, Sequence[Node]]
    """By server id."""
    trees: Mapping[str, Node]
    """Virtual users that link actions may name, by id."""
    resources: Path
    options: Options
    warn: Warn
    program: Program
    extractors: tuple[Extractor, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    linked: tuple[str, ...] = ()
    """Virtual users on the way here: a link to one of them is a cycle."""
    added: "Mapping[str, Compiler]" = field(default_factory=dict)
    """Of plugins, by `@type` and by JMeter class."""

    def text(self, node: Node, key: str, default: str = "") -> Template:
        """A text property as a template."""
        value = node.get(key)
        return compile_text(default if value is None else str(value))


Compiler = Callable[[Node, Scope], Step | None]

ACTIONS: dict[str, Compiler] = {}
"""By `@type`; the modules of actions fill it."""


def action(*types: str) -> Callable[[Compiler], Compiler]:
    """Register a compiler under the names of its node type."""

    def register(compiler: Compiler) -> Compiler:
        for name in types:
            ACTIONS[name] = compiler
        return compiler

    return register


def compile_children(node: Node, scope: Scope) -> Step:
    """The enabled children as one step; processors among them apply to all requests below."""
    return sequence(compile_each(node, scope))


def compile_each(node: Node, scope: Scope) -> list[Step]:
    """The enabled children that do something, each as a step."""
    children = [child for child in node.get("children") or [] if child.get("enabled")]
    extractors, assertions = processors(children, scope)
    inner = replace(
        scope,
        extractors=scope.extractors + extractors,
        assertions=scope.assertions + assertions,
    )
    steps = [compile_action(child, inner) for child in children if not is_processor(child)]
    return [step for step in steps if step is not None]


def compile_action(node: Node, scope: Scope) -> Step | None:
    """One node; None when it leaves nothing to do."""
    kind = str(node.get("@type"))
    compiler = ACTIONS.get(kind) or scope.added.get(kind)
    if compiler is None:
        scope.warn(f"{kind} {node.get('name') or node.get('id')!r} is not run by this engine.")
        return None
    return compiler(node, scope)


def sequence(steps: Sequence[Step]) -> Step:
    """Steps one after the other."""
    if len(steps) == 1:
        return steps[0]

    def play(session: UserSession) -> None:
        for step in steps:
            step(session)

    return play


def _processor_kind(node: Node) -> str:
    """The name under which a processor is known; of kept elements only those of no other type."""
    kept = class_of(node)
    return kept if kept in PROCESSORS else str(node.get("@type"))


def is_processor(node: Node) -> bool:
    """Whether a node works on the requests around it instead of playing itself."""
    kind = _processor_kind(node)
    return kind in EXTRACTORS or kind in ASSERTIONS


def processors(
    children: Sequence[Node], scope: Scope
) -> tuple[tuple[Extractor, ...], tuple[Assertion, ...]]:
    """Extractors and assertions among enabled nodes; broken ones are named in the run log."""
    extractors: list[Extractor] = []
    assertions: list[Assertion] = []
    for child in children:
        kind = _processor_kind(child)
        try:
            if kind in EXTRACTORS:
                extractors.append(EXTRACTORS[kind](child))
            elif kind in ASSERTIONS:
                assertions.append(ASSERTIONS[kind](child))
        except Exception as error:  # noqa: BLE001 - regular expressions, paths: each has its own
            scope.warn(f"{kind} {child.get('name') or child.get('id')!r} is broken: {error}")
    return tuple(extractors), tuple(assertions)
