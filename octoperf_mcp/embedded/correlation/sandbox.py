"""Applies rules in a process of their own, since their expressions come from users."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from octoperf_mcp.embedded.child import ChildDiedError, ChildTimeoutError, answer_of
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
    told = await _told({"virtualUser": virtual_user, "rules": rules}, bodies, limit_s)
    return Applied(told["virtualUser"], told["changes"], told["notes"])


async def propose_in_process(
    virtual_user: Json,
    bodies: Mapping[str, bytes],
    *,
    limit: int,
    taken: Sequence[str],
    plant: Sequence[str] = (),
    limit_s: float = LIMIT_S,
) -> Json:
    """As `propose`, within `limit_s` seconds.

    Raises:
        CorrelationFailedError: it took longer, or the process died.
    """
    wanted = {"limit": limit, "taken": list(taken), "plant": list(plant)}
    asked = {"virtualUser": virtual_user, "propose": wanted}
    return await _told(asked, bodies, limit_s)


async def _told(asked: Json, bodies: Mapping[str, bytes], limit_s: float) -> Json:
    head = {**asked, "bodies": [[key, len(data)] for key, data in bodies.items()]}
    question = b"".join([orjson.dumps(head), b"\n", *bodies.values()])
    try:
        told: Json = orjson.loads(await answer_of(_MODULE, question, limit_s=limit_s))
    except ChildTimeoutError:
        raise CorrelationFailedError(
            f"Correlating took longer than {limit_s:g} s; nothing was changed."
            " Delete rules that are not needed, or make their expressions simpler."
        ) from None
    except ChildDiedError as error:
        raise CorrelationFailedError(
            f"The recording could not be correlated; nothing was changed. {error}".strip()
        ) from error
    return told
