"""Correlation: what a rule becomes on the wire, and which rules are no good."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_edit.correlation import (
    apply_correlations_to_virtual_user,
    create_correlation_rule,
    list_correlation_rules,
)
from octoperf_mcp.errors import NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
PLUGIN = "octoperf_edit"
CREATE = "POST /design/correlation-rules"
LIST = "GET /design/correlation-rules/by-project/p1"
TASKS = "POST /tasks"
RULES = "https://octoperf.test/ui/workspace/w1/project/p1/design/correlation-rule"
REGEX = 'name="csrf" value="([^"]+)"'


def arguments(**more: Any) -> dict[str, Any]:
    return {
        "projectId": "p1",
        "name": "csrf",
        "regex": REGEX,
        "injectionTargets": ["POST_PARAM"],
        **more,
    }


async def test_a_rule_is_an_extractor_and_one_injection_for_each_target(context: Maker) -> None:
    """The public targets are five words, the entity has eight kinds (mapping: our choice)."""
    ctx = context(PLUGIN, {CREATE: lambda body: {**body, "id": "r1"}})
    targets = ["HEADER", "QUERY_PARAM", "POST_PARAM", "PATH", "BODY", "HEADER"]
    found = await ctx.run(
        create_correlation_rule,
        arguments(injectionTargets=targets, extractFrom="HEADERS", matchNumber=2),
    )
    common = {"enabled": True, "replacement": "${csrf}", "partial": True}
    assert ctx.body_of(CREATE) == {
        "id": "",
        "userId": "",
        "projectId": "p1",
        "name": "csrf",
        "description": "",
        "enabled": True,
        "extractor": {
            "@type": "RegexpVariableExtractor",
            "id": "",
            "name": "csrf",
            "enabled": True,
            "variable": "csrf",
            "regexp": REGEX,
            "template": "$1$",
            "matchNumber": 2,
            "extractFrom": "HEADERS",
            "defaultValue": "",
        },
        "injectionRules": [
            {"@type": "HeaderValueInjectionRule", "name": None, **common},
            {"@type": "QueryParamValueInjectionRule", "name": None, **common},
            {"@type": "PostParamValueInjectionRule", "name": None, **common},
            {"@type": "RequestPathInjectionRule", **common},
            {"@type": "PostBodyInjectionRule", **common},
        ],
    }
    assert (found["id"], found["url"]) == ("r1", f"{RULES}/r1")
    assert found["extractor"]["extractFrom"] == "HEADERS"


async def test_the_usual_rule_takes_the_first_match_of_the_body(context: Maker) -> None:
    ctx = context(PLUGIN, {CREATE: lambda body: {**body, "id": "r1"}})
    await ctx.run(create_correlation_rule, arguments(targetName="csrf"))
    sent = ctx.body_of(CREATE)
    assert (sent["extractor"]["extractFrom"], sent["extractor"]["matchNumber"]) == ("BODY", 1)
    assert sent["injectionRules"][0]["name"] == "csrf"


@pytest.mark.parametrize(
    ("regex", "reason"),
    [
        ("token=(.+", "is no expression"),
        ("token=.+", "0 capture groups"),
        ("(a)=(b)", "2 capture groups"),
        ("(.*)", "empty text"),
    ],
)
async def test_an_expression_without_exactly_one_useful_group_is_refused(
    context: Maker, regex: str, reason: str
) -> None:
    ctx = context(PLUGIN)
    error = await ctx.refuse(create_correlation_rule, arguments(regex=regex))
    assert error.code == "invalid_argument"
    assert reason in error.message
    assert (error.details["field"], error.details["got"]) == ("regex", regex)
    assert "(?:…)" in error.next_step
    assert ctx.made == []


@pytest.mark.parametrize("regex", ["(?i:x-token): (\\S+)", "a[[b](c+)", "id=(?:x|y)(\\d+)"])
async def test_usual_expressions_pass(context: Maker, regex: str) -> None:
    ctx = context(PLUGIN, {CREATE: lambda body: {**body, "id": "r1"}})
    await ctx.run(create_correlation_rule, arguments(regex=regex))


async def test_a_name_that_reads_as_a_function_is_refused_with_a_better_one(
    context: Maker,
) -> None:
    error = await context(PLUGIN).refuse(create_correlation_rule, arguments(name="__VIEWSTATE"))
    assert error.details["didYouMean"] == "VIEWSTATE"


@pytest.mark.parametrize("name", ["a b", "${x}", "", "a}b"])
async def test_a_name_that_is_no_variable_is_refused(context: Maker, name: str) -> None:
    error = await context(PLUGIN).refuse(create_correlation_rule, arguments(name=name))
    assert error.details["field"] == "name"


async def test_a_wrong_target_is_refused_with_the_right_ones(context: Maker) -> None:
    error = await context(PLUGIN).refuse(
        create_correlation_rule, arguments(injectionTargets=["COOKIE"])
    )
    assert error.details["field"] == "injectionTargets/0"
    assert error.details["allowed"] == ["HEADER", "QUERY_PARAM", "POST_PARAM", "PATH", "BODY"]


async def test_a_target_name_needs_a_target_that_has_names(context: Maker) -> None:
    error = await context(PLUGIN).refuse(
        create_correlation_rule, arguments(injectionTargets=["PATH"], targetName="id")
    )
    assert error.details["field"] == "targetName"


async def test_rules_are_listed_with_what_they_extract_and_inject(context: Maker) -> None:
    extractor = {"@type": "JsonPathVariableExtractor", "path": "$.token", "defaultValue": None}
    injection = {"@type": "HeaderValueInjectionRule", "enabled": True, "name": None}
    rule = {
        "id": "r1",
        "projectId": "p1",
        "name": "token",
        "description": None,
        "enabled": True,
        "extractor": extractor,
        "injectionRules": [injection],
    }
    ctx = context(PLUGIN, {LIST: [rule]})
    assert await ctx.run(list_correlation_rules, {"projectId": "p1"}) == {
        "correlationRules": [
            {
                "id": "r1",
                "name": "token",
                "description": "",
                "enabled": True,
                "extractor": extractor,
                "injectionRules": [injection],
                "url": f"{RULES}/r1",
            }
        ],
        "total": 1,
        "url": RULES,
    }


async def test_applying_rules_starts_a_task(context: Maker) -> None:
    ctx = context(PLUGIN, {TASKS: '"t-1"\n'})
    found = await ctx.run(
        apply_correlations_to_virtual_user, {"projectId": "p1", "virtualUserId": "v1"}
    )
    assert ctx.body_of(TASKS) == {
        "@type": "ApplyCorrelationsTask",
        "virtualUserId": "v1",
        "projectId": "p1",
    }
    assert (found["taskId"], found["status"]) == ("t-1", "PENDING")
    assert "get_task_result" in found["next"]
    assert found["url"].endswith("/design/virtual-user/v1")


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        ({"@type": "ApplyCorrelationsTaskResult"}, "SUCCESS", "Done."),
        ({"@type": "FailedTaskResult", "message": "No rules."}, "FAILED", "No rules."),
    ],
)
async def test_a_client_that_knows_tasks_gets_the_end_of_applying(
    context: Maker, answer: dict[str, str], status: str, message: str
) -> None:
    left = iter([None, answer])
    answers = {TASKS: "t-1", "GET /tasks/t-1/result": lambda _: next(left)}
    ctx = context(PLUGIN, answers, knows_tasks=True)
    found = await ctx.run(
        apply_correlations_to_virtual_user, {"projectId": "p1", "virtualUserId": "v1"}
    )
    assert (found["status"], found["message"]) == (status, message)
    assert "validate_virtual_user" in found["next"]


async def test_applying_rules_names_the_id_that_is_wrong(context: Maker) -> None:
    ctx = context(PLUGIN, {TASKS: NotFoundError("404", status=404)})
    wrong_user = {"projectId": "p1", "virtualUserId": "v9"}
    error = await ctx.refuse(apply_correlations_to_virtual_user, wrong_user)
    assert error.details["field"] == "virtualUserId"
    wrong_project = {"projectId": "p9", "virtualUserId": "v1"}
    error = await ctx.refuse(apply_correlations_to_virtual_user, wrong_project)
    assert error.details["field"] == "projectId"
