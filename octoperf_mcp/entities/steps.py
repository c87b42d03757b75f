"""Rows below a browser script: `<actionId>{"label": …, "type": …}` (skill bench-reports)."""

import json
import re

STEP_TYPES = ("GROUP", "HOOK", "ACTION", "EXPECT", "NETWORK", "NAVIGATION")

_STEP = re.compile(r"^(?P<id>[^{]*)(?P<step>\{.*\})$", re.DOTALL)


def step_id(action_id: str, kind: str, label: str) -> str:
    """Id of the row of a step."""
    return action_id + json.dumps(
        {"label": label, "type": kind}, ensure_ascii=False, separators=(",", ":")
    )


def split_step(row_id: str) -> tuple[str, str | None, str | None]:
    """Id of the action, then label and type of the step; both None when it is no step."""
    found = _STEP.match(row_id)
    if found is None:
        return row_id, None, None
    try:
        step = json.loads(found["step"])
    except ValueError:
        return row_id, None, None
    return found["id"], step.get("label"), step.get("type")
