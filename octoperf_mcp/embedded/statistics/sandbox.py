"""Statistics in a process of their own: SciPy takes half a second and 100 MB to import."""

from typing import Any

import orjson

from octoperf_mcp.embedded.child import ChildDiedError, ChildTimeoutError, answer_of
from octoperf_mcp.embedded.failures import Failure

LIMIT_S = 60.0
_MODULE = "octoperf_mcp.embedded.statistics.worker"


class StatisticsFailedError(Failure):
    """No answer came; nothing was changed.

    Not a 5xx: what it says is for the caller, and bridges keep the texts of those to themselves.
    """

    code = "statistics_failed"
    status = 422


async def statistics(task: str, *, limit_s: float = LIMIT_S, **asked: Any) -> dict[str, Any]:
    """The answer of `worker.TASKS[task]`.

    Raises:
        StatisticsFailedError: it took longer, or the process died.
    """
    question = orjson.dumps({"task": task, **asked})
    try:
        told: dict[str, Any] = orjson.loads(await answer_of(_MODULE, question, limit_s=limit_s))
    except ChildTimeoutError:
        raise StatisticsFailedError(
            f"The statistics took longer than {limit_s:g} s. Try again when the machine is quiet."
        ) from None
    except ChildDiedError as error:
        raise StatisticsFailedError(f"The statistics could not be made. {error}") from error
    return told
