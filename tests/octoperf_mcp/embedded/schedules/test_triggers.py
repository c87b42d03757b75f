"""When jobs fire: five fields, UTC, the original's days of the week."""

from datetime import UTC, datetime

import pytest

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.schedules.triggers import checked, fires_between, in_words, next_fire

NOW = round(datetime(2026, 11, 23, 10, 30, tzinfo=UTC).timestamp() * 1000)  # a Monday


def following(expression: str) -> str:
    trigger = checked({"@type": "UnixCronTrigger", "expression": expression}, NOW)
    moment = next_fire(trigger, NOW)
    assert moment is not None
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%a %d %b %Y %H:%M")


@pytest.mark.parametrize(
    ("expression", "moment"),
    [
        ("* * * * *", "Mon 23 Nov 2026 10:31"),
        ("0 22 * * *", "Mon 23 Nov 2026 22:00"),
        ("30 6 * * 1-5", "Tue 24 Nov 2026 06:30"),
        ("0 9 * * 0", "Sun 29 Nov 2026 09:00"),
        ("0 9 * * 7", "Sun 29 Nov 2026 09:00"),
        ("0 9 * * 1", "Mon 30 Nov 2026 09:00"),
        ("0 9 * * mon,WED", "Wed 25 Nov 2026 09:00"),
        ("*/20 10 * * *", "Mon 23 Nov 2026 10:40"),
        ("0 0 29 2 *", "Tue 29 Feb 2028 00:00"),
        ("0 0 1,15 * *", "Tue 01 Dec 2026 00:00"),
    ],
)
def test_a_cron_expression_is_unix_and_in_utc(expression: str, moment: str) -> None:
    """0 and 7 are both Sunday, 1 is Monday (semantics 12)."""
    assert following(expression) == moment


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 3 * * ?",
        "0 3 * *",
        "",
        "@daily",
        "61 * * * *",
        "0 24 * * *",
        "0 0 * * 8",
        "0 0 31 2 *",
        "0 0 L * *",
        "0 0 * * 1#2",
        "R R * * *",
        "H H * * *",
        "*/0 * * * *",
        "0 0 ? * *",
        "a b c d e",
        "0 0 * * foo",
    ],
)
def test_what_is_no_unix_cron_is_refused(expression: str) -> None:
    with pytest.raises(Invalid) as caught:
        checked({"@type": "UnixCronTrigger", "expression": expression}, NOW)
    assert expression in caught.value.details["got"]


def test_quartz_is_told_what_it_may_have_meant() -> None:
    with pytest.raises(Invalid) as caught:
        checked({"@type": "UnixCronTrigger", "expression": "0 0 3 * * ?"}, NOW)
    assert caught.value.details["didYouMean"] == "0 3 * * *"
    assert "exactly 5 fields" in caught.value.message


def test_a_moment_needs_its_offset_and_the_future() -> None:
    made = checked({"@type": "DateTrigger", "date": "2026-11-23T12:00:00+01:00"}, NOW)
    assert made == {"@type": "DateTrigger", "date": NOW + 30 * 60_000}
    assert in_words(made) == "once at 2026-11-23T11:00:00Z"
    for wrong in ("2026-11-23T12:00:00", "tomorrow", "2026-11-23T10:29:59Z", None):
        with pytest.raises(Invalid):
            checked({"@type": "DateTrigger", "date": wrong}, NOW)


@pytest.mark.parametrize("trigger", [None, [], {"@type": "Rate"}, {"@type": "UnixCronTrigger"}])
def test_another_kind_of_trigger_is_refused(trigger: object) -> None:
    with pytest.raises(Invalid):
        checked(trigger, NOW)


def test_moments_that_passed_are_counted() -> None:
    hourly = {"@type": "UnixCronTrigger", "expression": "0 * * * *"}
    first = next_fire(hourly, NOW)
    assert first is not None
    assert fires_between(hourly, first, first) == 1
    assert fires_between(hourly, first, first + 5 * 3_600_000 + 1) == 6
    every_minute = {"@type": "UnixCronTrigger", "expression": "* * * * *"}
    assert fires_between(every_minute, NOW, NOW + 10**10) == 1000
