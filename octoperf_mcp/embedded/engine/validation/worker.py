"""The process of a validation: one user, a number of iterations, every exchange kept."""

from pathlib import Path

import gevent
from gevent.event import Event

from octoperf_mcp.embedded.engine.actions.compiler import Options
from octoperf_mcp.embedded.engine.play.control import Departure, StopUser
from octoperf_mcp.embedded.engine.play.profiles import Materials, Role, compile_program
from octoperf_mcp.embedded.engine.play.program import BrowserSettings, Program
from octoperf_mcp.embedded.engine.play.session import Seat, UserSession
from octoperf_mcp.embedded.engine.processes.masks import Mask
from octoperf_mcp.embedded.engine.processes.order import Order
from octoperf_mcp.embedded.engine.processes.pipes import Orders, tell
from octoperf_mcp.embedded.engine.runs.log import NAME, RunLog
from octoperf_mcp.embedded.engine.validation.captures import CaptureSink
from octoperf_mcp.embedded.engine.wire.transport import Addresses

_BODY_CAP_BYTES = 16 * 1024 * 1024
_LONGEST_ANSWER_S = 60.0


def validate(order: Order, orders: Orders) -> None:
    """Play the only profile of the order; a command or the end of the input stops it."""
    log = RunLog(order.files / NAME)
    program = _compiled(order, log)
    sink = CaptureSink(Path(order.directory), log, Mask(program.secrets))
    halt = Event()
    seat = Seat(1, sink, Addresses(program.static_hosts), halt, dict(order.properties))
    tell("running")
    user = gevent.spawn(_play, UserSession(program, seat), order.iterations)

    def watch() -> None:
        for _ in orders.commands():
            break
        halt.set()
        user.kill()

    gevent.spawn(watch)
    user.join()
    sink.close()
    if user.exception is not None:
        raise user.exception
    log.write(f"{sink.count} samples, {sink.failed} of them KO")
    tell("ended", reason="stopped" if halt.is_set() else "planned", samples=sink.count)


def _compiled(order: Order, log: RunLog) -> Program:
    [(index, profile)] = order.profiles
    materials = Materials(
        order.virtual_users,
        order.servers,
        order.variables,
        order.resources,
        order.run_id,
        browser=BrowserSettings.of_order(order),
        actions=order.actions,
    )
    role = Role(str(profile.get("name") or "Validation"), index, str(profile["virtualUserId"]))
    options = Options(think_times=False, validating=True, body_cap_bytes=_BODY_CAP_BYTES)
    program = compile_program(role, materials, options, lambda text: log.write(text, level="WARN"))
    program.longest_answer_s = _LONGEST_ANSWER_S
    return program


def _play(session: UserSession, iterations: int) -> None:
    session.log(f"Thread started: {session.thread_name}")
    try:
        for _ in range(iterations):
            session.run_iteration()
    except StopUser:
        session.log("The user stopped before its last iteration.", level="WARN")
    except Departure:
        return
    finally:
        session.close()
        session.log(f"Thread finished: {session.thread_name}")
