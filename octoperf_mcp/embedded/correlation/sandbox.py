"""Applies rules in a process of their own, since their expressions come from users."""

from collections.abc import Mapping
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
    head = {
        "virtualUser": virtual_user,
        "rules": rules,
        "bodies": [[key, len(data)] for key, data in bodies.items()],
    }
    question = b"".join([orjson.dumps(head), b"\n", *bodies.values()])
    try:
        told = orjson.loads(await answer_of(_MODULE, question, limit_s=limit_s))
    except ChildTimeoutError:
        raise CorrelationFailedError(
            f"Applying the rules took longer than {limit_s:g} s; nothing was changed."
            " Delete rules that are not needed, or make their expressions simpler."
        ) from None
    except ChildDiedError as error:
        raise CorrelationFailedError(
            f"The rules could not be applied; nothing was changed. {error}".strip()
        ) from error
    return Applied(told["virtualUser"], told["changes"], told["notes"])
