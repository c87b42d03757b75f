"""Actions without traffic: DebugAction, and those that this engine cannot run."""

import time

from octoperf_mcp.embedded.engine.actions.compiler import Node, Scope, action
from octoperf_mcp.embedded.engine.play.program import Step
from octoperf_mcp.embedded.engine.play.session import Outcome, UserSession
from octoperf_mcp.embedded.engine.wire.exchange import Exchange
from octoperf_mcp.embedded.engine.wire.http_failures import ENGINE_FAILURE
from octoperf_mcp.embedded.metrics.sample import HIT, Sample

_OK = 200


@action("DebugAction")
def _debug(node: Node, scope: Scope) -> Step:
    """A row that always succeeds; its body lists what the user holds."""
    shows_variables = bool(node.get("variablesDisplayed"))
    shows_properties = bool(node.get("propertiesDisplayed"))

    def play(session: UserSession) -> None:
        parts = []
        if shows_variables:
            parts.append("JMeterVariables:\n" + _listed(session.variables))
        if shows_properties:
            parts.append("JMeterProperties:\n" + _listed(session.properties))
        session.sampler_name = str(node.get("name") or "")
        exchange = _row(node, "\n".join(parts))
        session.report(Outcome(_sample(node, scope, str(_OK), True), exchange))

    return play


def _listed(values: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in sorted(values.items()))


@action("JSR223Action", "JSR223PreProcessor", "JSR223PostProcessor")
def _script(node: Node, scope: Scope) -> Step:
    language = str(node.get("language") or "groovy")
    return failing_row(node, scope, f"Scripts in {language} are not run by this engine")


def failing_row(node: Node, scope: Scope, message: str) -> Step:
    """A KO row that says why the action did not run; the run log says it once."""
    scope.warn(f"{node.get('@type')} {node.get('name') or node.get('id')!r}: {message}.")

    def play(session: UserSession) -> None:
        session.sampler_name = str(node.get("name") or "")
        session.report(
            Outcome(_sample(node, scope, ENGINE_FAILURE, False), _row(node, ""), message=message)
        )

    return play


def _row(node: Node, body: str) -> Exchange:
    exchange = Exchange("", "", [], b"", time.time_ns() // 1_000_000)
    exchange.raw_body = body.encode()
    exchange.reason = "OK" if node.get("@type") == "DebugAction" else ""
    exchange.status = _OK if exchange.reason else 0
    exchange.headers = [("Content-Type", "text/plain; charset=utf-8")] if exchange.status else []
    return exchange


def _sample(node: Node, scope: Scope, code: str, ok: bool) -> Sample:
    return Sample(
        action_id=str(node.get("id")),
        virtual_user_id=scope.program.virtual_user_id,
        profile=scope.program.profile,
        kind=HIT,
        started_ms=time.time_ns() // 1_000_000,
        elapsed_us=0,
        latency_us=0,
        connect_us=0,
        sent_bytes=0,
        received_bytes=0,
        code=code,
        method="",
        media_type="text/plain" if ok else "",
        url="",
        ok=ok,
    )
