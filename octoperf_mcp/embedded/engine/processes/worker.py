"""A process of the load engine: `python -m octoperf_mcp.embedded.engine.processes.worker ROLE`.

Started by the service only. Roles: `master` and `worker` of a load run, `validation`. The order
comes as the first line of standard input, events go to standard output, trouble to the run log
and to standard error. The end of standard input ends the process.
"""

import contextlib
import logging
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

FAILED = 1
"""Exit status when the run log holds a traceback."""


def _master() -> None:
    from locust import User  # noqa: F401, PLC0415 - Locust patches the standard library: it is first

    from octoperf_mcp.embedded.engine.load.locust_master import Master  # noqa: PLC0415
    from octoperf_mcp.embedded.engine.processes.order import Order  # noqa: PLC0415
    from octoperf_mcp.embedded.engine.processes.pipes import Orders  # noqa: PLC0415

    orders = Orders()
    order = Order.of(orders.first())
    _guarded(order.directory, lambda: Master(order).run(orders))


def _worker() -> None:
    from locust import User  # noqa: F401, PLC0415 - Locust patches the standard library: it is first

    from octoperf_mcp.embedded.engine.load.locust_worker import Worker  # noqa: PLC0415
    from octoperf_mcp.embedded.engine.processes.order import Order  # noqa: PLC0415
    from octoperf_mcp.embedded.engine.processes.pipes import Orders  # noqa: PLC0415

    orders = Orders()
    order = Order.of(orders.first())
    _guarded(order.directory, lambda: Worker(order).run(orders))


def _validation() -> None:
    from octoperf_mcp.embedded.engine.processes.order import Order  # noqa: PLC0415
    from octoperf_mcp.embedded.engine.processes.pipes import Orders  # noqa: PLC0415
    from octoperf_mcp.embedded.engine.validation.worker import validate  # noqa: PLC0415

    orders = Orders()
    order = Order.of(orders.first())
    _guarded(order.directory, lambda: validate(order, orders))


_ROLES: dict[str, Callable[[], None]] = {
    "master": _master,
    "worker": _worker,
    "validation": _validation,
}


def _guarded(directory: str, play: Callable[[], None]) -> None:
    """Whatever goes wrong is readable in the run log."""
    from pathlib import Path  # noqa: PLC0415

    from octoperf_mcp.embedded.engine.runs.log import NAME, RunLog  # noqa: PLC0415

    try:
        play()
    except Exception:
        RunLog(Path(directory) / "files" / NAME).write(
            f"The load engine failed:\n{traceback.format_exc()}", level="ERROR"
        )
        raise


def _allow_many_sockets() -> None:
    """Every user holds a connection or several."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> NoReturn:
    """Play a role and end the process at once: nothing of Locust may hold it up."""
    _allow_many_sockets()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    status = 0
    try:
        _ROLES[sys.argv[1]]()
    except Exception:  # noqa: BLE001 - the top of the process
        traceback.print_exc()
        status = FAILED
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
