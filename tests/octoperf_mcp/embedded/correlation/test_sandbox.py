"""Rules in a process of their own: bad expressions end, and stop nobody else."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from octoperf_mcp.embedded.correlation import worker
from octoperf_mcp.embedded.correlation.apply import apply_rules
from octoperf_mcp.embedded.correlation.sandbox import CorrelationFailedError, apply_in_process

Json = dict[str, Any]
Rule = Callable[..., Json]
Recording = Any

EVIL = r"token=(([a-z]+)+)!"
PAGE = 'token="tok-12345678" token=' + "a" * 60


async def test_the_answer_is_that_of_apply_rules(recording: Recording, rule: Rule) -> None:
    recording.add("form", 'token="tök-12345678"').add("empty").add("use", path="/tök-12345678")
    made = await apply_in_process(recording.virtual_user, [rule("RequestPath")], recording.bodies)
    same = recording.apply(rule("RequestPath"))
    assert made.changes == same.changes
    assert len(made.changes) == 2


def test_an_expression_without_end_is_interrupted_and_the_next_rule_applied(
    recording: Recording, rule: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RULE_LIMIT_S", 0.05)
    recording.add("form", PAGE).add("use", path="/tok-12345678")
    applied = apply_rules(
        recording.virtual_user,
        [rule("RequestPath", name="evil", regexp=EVIL), rule("RequestPath")],
        recording.bodies.get,
        time_limit=worker.rule_limit,
    )
    assert [one["rule"] for one in applied.changes] == ["token", "token"]
    (note,) = applied.notes
    assert note["rule"] == "evil"
    assert "took too long on the recorded response of action form" in note["message"]


async def test_a_process_that_takes_too_long_is_killed(recording: Recording, rule: Rule) -> None:
    recording.add("form", PAGE)
    evil = rule("RequestPath", regexp=EVIL)
    with pytest.raises(CorrelationFailedError, match=r"longer than 0\.2 s; nothing was changed"):
        await apply_in_process(recording.virtual_user, [evil], recording.bodies, limit_s=0.2)


async def test_rules_without_end_hold_up_nobody_else_and_can_be_cancelled(
    recording: Recording, rule: Rule
) -> None:
    recording.add("form", PAGE).add("use", path="/tok-12345678")
    document, bodies = recording.virtual_user, recording.bodies
    evil = [rule("RequestPath", regexp=EVIL, name=f"evil{number}") for number in range(9)]
    endless = asyncio.create_task(apply_in_process(document, evil, bodies))
    made = await apply_in_process(document, [rule("RequestPath")], bodies)
    assert len(made.changes) == 2
    assert not endless.done()
    endless.cancel()
    with pytest.raises(asyncio.CancelledError):
        await endless


async def test_a_process_that_dies_is_a_failure_with_its_last_words(rule: Rule) -> None:
    with pytest.raises(CorrelationFailedError, match="nothing was changed"):
        await apply_in_process({"children": []}, ["no rule"], {})  # type: ignore[list-item]
