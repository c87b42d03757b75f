"""When a job fires: once, or by a Unix cron expression of five fields in UTC."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from octoperf_mcp.embedded.failures import Invalid

CRON = "UnixCronTrigger"
ONCE = "DateTrigger"

_FIELDS = 5
_PART = r"(?:\*|(?:\d{1,2}|[A-Za-z]{3})(?:-(?:\d{1,2}|[A-Za-z]{3}))?)(?:/\d{1,2})?"
_FIELD = re.compile(rf"{_PART}(?:,{_PART})*")
_MOST_COUNTED = 1000

Trigger = Mapping[str, Any]


def checked(trigger: Any, now_ms: int) -> dict[str, Any]:
    """A trigger as it is kept: dates in epoch milliseconds, one blank between cron fields.

    Args:
        trigger: `{"@type": "UnixCronTrigger", "expression"}`, or `{"@type": "DateTrigger",
            "date"}` with ISO-8601 with an offset, or epoch milliseconds.
        now_ms: The present.

    Raises:
        Invalid: it is neither, or never fires.
    """
    kind = trigger.get("@type") if isinstance(trigger, dict) else None
    made: dict[str, Any]
    if kind == CRON:
        made = {"@type": CRON, "expression": _cron(trigger.get("expression"))}
    elif kind == ONCE:
        made = {"@type": ONCE, "date": _date(trigger.get("date"))}
    else:
        raise Invalid(
            "A job has a 'trigger' of one of two kinds.", details={"allowed": [CRON, ONCE]}
        )
    if next_fire(made, now_ms) is None:
        raise Invalid("The moment is in the past.", details={"got": trigger.get("date")})
    return made


def next_fire(trigger: Trigger, after_ms: int) -> int | None:
    """The first moment after another one, in epoch milliseconds; None when there is none."""
    if trigger["@type"] == ONCE:
        date = int(trigger["date"])
        return date if date > after_ms else None
    return _next_of_cron(trigger["expression"], after_ms)


def fires_between(trigger: Trigger, first_ms: int, until_ms: int) -> int:
    """How many moments there are from a moment that is one, until another; at most 1000."""
    count, moment = 0, first_ms
    while moment is not None and moment <= until_ms and count < _MOST_COUNTED:
        count += 1
        following = next_fire(trigger, moment)
        if following is None:
            break
        moment = following
    return count


def in_words(trigger: Trigger) -> str:
    """A trigger for people and agents."""
    if trigger["@type"] == ONCE:
        moment = datetime.fromtimestamp(int(trigger["date"]) / 1000, UTC)
        return f"once at {moment.strftime('%Y-%m-%dT%H:%M:%SZ')}"
    return f"cron {trigger['expression']} (UTC)"


def _cron(expression: Any) -> str:
    if not isinstance(expression, str):
        raise Invalid("A cron trigger has an 'expression'.")
    fields = expression.split()
    if len(fields) != _FIELDS:
        raise Invalid(
            f"A Unix cron expression has exactly 5 fields (minute, hour, day of month, month, day "
            f"of week), in UTC; {expression!r} has {len(fields)}. 0 2 * * * is every day at 02:00.",
            details={"got": expression, "didYouMean": _without_seconds(fields)},
        )
    for field in fields:
        if not _FIELD.fullmatch(field):
            raise Invalid(
                f"{field!r} is no field of a Unix cron expression: numbers, names of three "
                "letters, * - , and / may stand there.",
                details={"got": expression},
            )
    made = " ".join(fields)
    _next_of_cron(made, 0)
    return made


def _without_seconds(fields: list[str]) -> str:
    """What six fields of Quartz may have meant."""
    if len(fields) != _FIELDS + 1:
        return ""
    return " ".join(fields[1:]).replace("?", "*")


def _next_of_cron(expression: str, after_ms: int) -> int:
    from croniter import CroniterError, croniter  # noqa: PLC0415 - its import delays a start

    start = datetime.fromtimestamp(after_ms / 1000, UTC)
    try:
        found: datetime = croniter(expression, start).get_next(datetime)
    except CroniterError as error:
        raise Invalid(
            f"The cron expression {expression!r} names no moment: {error}",
            details={"got": expression},
        ) from error
    return round(found.timestamp() * 1000)


def _date(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise Invalid(
            f"{value!r} is no ISO-8601 date such as 2027-06-15T03:00:00+02:00.",
            details={"got": value},
        ) from error
    if moment.tzinfo is None:
        raise Invalid(
            f"{value!r} lacks the offset from UTC: end it in Z or in +02:00.",
            details={"got": value},
        )
    return round(moment.timestamp() * 1000)
