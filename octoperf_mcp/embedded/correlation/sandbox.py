"""Applies rules in a process of its own, since their expressions come from users.

A thread would not do: the matcher of regular expressions holds the interpreter's lock, so that one
bad expression would stop the whole service. A process for each task, rather than a pool: it starts
in a tenth of a second, and killing it disturbs no other task, while a killed worker of a pool
breaks the pool for everybody.
"""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import orjson

from octoperf_mcp.embedded.correlation.apply import Applied
from octoperf_mcp.embedded.failures import Failure

Json = dict[str, Any]

LIMIT_S = 60.0
_MODULE = "octoperf_mcp.embedded.correlation.worker"


class CorrelationFailedError(Failure):
    """The rules as a whole could not be applied; nothing was changed."""

    code = "correlation_failed"
    status = 422


async def apply_in_process(
    virtual_user: Json,
    rules: list[Json],
    bodies: Mapping[str, bytes],
    *,
    limit_s: float = LIMIT_S,
) -> Applied:
    """As `apply_rules`, within `limit_s` seconds.

    Raises:
        CorrelationFailedError: it took longer, or the process died.
    """
    head = {
        "virtualUser": virtual_user,
        "rules": rules,
        "bodies": [[key, len(data)] for key, data in bodies.items()],
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _MODULE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(limit_s):
            answer, complaint = await process.communicate(
                b"".join([orjson.dumps(head), b"\n", *bodies.values()])
            )
    except TimeoutError:
        raise CorrelationFailedError(
            f"Applying the rules took longer than {limit_s:g} s; nothing was changed."
            " Delete rules that are not needed, or make their expressions simpler."
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise CorrelationFailedError(
            f"The rules could not be applied; nothing was changed. {last[:300]}".strip()
        )
    told = orjson.loads(answer)
    return Applied(told["virtualUser"], told["changes"], told["notes"])
