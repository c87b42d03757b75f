"""What a reader of a run's figures has to know before he trusts them."""

from collections.abc import Mapping
from typing import Any

from octoperf_mcp.embedded.metrics.gauges import load_generators
from octoperf_mcp.embedded.metrics.store import MetricStore

OVERLOADED = "The load generator {} was overloaded for {} s"
_WHY = "response times of then hold its own delays: do not trust them"


async def overloads(metrics: MetricStore, run_id: str) -> list[str]:
    """A sentence for each generator that could not keep up for a second or more."""
    async with metrics.views([run_id]) as views:
        found = await load_generators(views[run_id])
    return [
        f"{OVERLOADED.format(each['name'], each['overloadedSec'])}: {_WHY}"
        for each in found
        if each["overloadedSec"]
    ]


def is_overload(caveat: str) -> bool:
    """Whether a caveat is one of `overloads`; `cause` of a run does not repeat it."""
    return caveat.startswith(OVERLOADED.partition("{")[0]) and caveat.endswith(_WHY)


def untold(body: Mapping[str, Any]) -> list[str]:
    """The caveats of a bench result that its `cause` does not tell already."""
    cause = str(body.get("cause") or "")
    return [text for text in body.get("caveats") or [] if text not in cause]
