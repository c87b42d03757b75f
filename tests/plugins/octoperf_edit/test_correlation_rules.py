"""Rules are patched, deleted, and copied from presets."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_edit.correlation_frameworks import (
    add_correlation_framework_to_project,
    list_correlation_frameworks,
)
from octoperf_edit.correlation_rules import delete_correlation_rule, patch_correlation_rule
from octoperf_mcp.errors import NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
Json = dict[str, Any]
PLUGIN = "octoperf_edit"
GET = "GET /design/correlation-rules/r1"
PUT = "PUT /design/correlation-rules/r1"
DELETE = "DELETE /design/correlation-rules/r1"
FRAMEWORKS = "GET /design/correlation-frameworks"
ADD = "POST /design/correlation-rules/add-framework/p1/java"
RULES = "https://octoperf.test/ui/workspace/w1/project/p1/design/correlation-rule"
STORED: Json = {
    "id": "r1",
    "userId": "u1",
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
        "regexp": 'value="([^"]+)"',
        "template": "$1$",
    },
    "injectionRules": [{"@type": "PostParamValueInjectionRule", "enabled": True, "name": None}],
    "futureSetting": 1,
}


async def patched(context: Maker, *operations: Json) -> tuple["FakeContext", Json]:
    ctx = context(PLUGIN, {GET: STORED, PUT: lambda body: body})
    arguments = {"correlationRuleId": "r1", "patch": list(operations)}
    return ctx, await ctx.run(patch_correlation_rule, arguments)


async def test_an_injection_rule_is_added_and_the_rest_stays(context: Maker) -> None:
    added = {"@type": "HeaderNameInjectionRule", "enabled": True, "name": "X-Token"}
    ctx, found = await patched(context, {"op": "add", "path": "/injectionRules/-", "value": added})
    body = ctx.body_of(PUT)
    assert body == {**STORED, "injectionRules": [*STORED["injectionRules"], added]}
    assert found["injectionRules"][1] == added
    assert (found["applied"][0]["pointer"], found["warnings"]) == ("/injectionRules/1", [])
    assert found["url"] == f"{RULES}/r1"


async def test_an_addition_without_enabled_is_warned_of(context: Maker) -> None:
    added = {"@type": "PostBodyInjectionRule"}
    _, found = await patched(context, {"op": "add", "path": "/injectionRules/-", "value": added})
    assert "PostBodyInjectionRule at /injectionRules/1" in found["warnings"][0]


async def test_a_dry_run_saves_nothing(context: Maker) -> None:
    ctx = context(PLUGIN, {GET: STORED})
    operation = {"op": "replace", "path": "/enabled", "value": False}
    arguments = {"correlationRuleId": "r1", "ops": [operation], "dryRun": True}
    found = await ctx.run(patch_correlation_rule, arguments)
    assert (found["enabled"], found["dryRun"], ctx.lines) == (False, True, [GET])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/extractor/regexp", "value="),
        ("/extractor/regexp", "("),
        ("/extractor/variable", "__csrf"),
        ("/injectionRules/0/@type", "CookieInjectionRule"),
        ("/extractor", {"@type": "RegexpVariableExtractor"}),
    ],
)
async def test_what_could_not_work_is_refused(context: Maker, path: str, value: Any) -> None:
    ctx = context(PLUGIN, {GET: STORED})
    patch = [{"op": "replace", "path": path, "value": value}]
    error = await ctx.refuse(patch_correlation_rule, {"correlationRuleId": "r1", "patch": patch})
    assert error.code == "invalid_argument"
    assert error.details["field"].startswith("patch")
    assert ctx.lines == [GET]


async def test_a_deletion_says_what_stays(context: Maker) -> None:
    ctx = context(PLUGIN, {GET: STORED, DELETE: None})
    found = await ctx.run(delete_correlation_rule, {"correlationRuleId": "r1"})
    assert ctx.lines == [GET, DELETE]
    assert (found["id"], found["name"], found["url"]) == ("r1", "csrf", RULES)
    assert "patch_virtual_user" in found["next"]


async def test_an_unknown_rule_is_answered_with_the_tool_that_lists_them(context: Maker) -> None:
    ctx = context(PLUGIN, {GET: NotFoundError("404", status=404)})
    error = await ctx.refuse(delete_correlation_rule, {"correlationRuleId": "r1"})
    assert error.next_step == "Take correlationRuleId from list_correlation_rules."


async def test_presets_are_listed_by_name_with_their_rules(context: Maker) -> None:
    presets = [
        {"id": "saml", "name": "SAML", "rules": [STORED]},
        {"id": "java", "name": "Java", "description": "d", "rules": []},
    ]
    ctx = context(PLUGIN, {FRAMEWORKS: presets})
    found = await ctx.run(list_correlation_frameworks, {"projectId": "p1"})
    assert [row["id"] for row in found["correlationFrameworks"]] == ["java", "saml"]
    assert found["correlationFrameworks"][1]["rules"] == ["csrf"]
    assert found["url"] == RULES
    found = await ctx.run(list_correlation_frameworks, {})
    assert found["url"] == "https://octoperf.test/ui/workspace"


async def test_a_preset_answers_the_rules_that_were_created(context: Maker) -> None:
    arguments = {"projectId": "p1", "frameworkId": "java"}
    found = await context(PLUGIN, {ADD: [STORED]}).run(
        add_correlation_framework_to_project, arguments
    )
    assert found["correlationRules"] == [{"id": "r1", "name": "csrf", "url": f"{RULES}/r1"}]
    assert "apply_correlations_to_virtual_user" in found["next"]
    found = await context(PLUGIN, {ADD: []}).run(add_correlation_framework_to_project, arguments)
    assert found["next"] == "The project has all rules of this preset already."
    error = await context(PLUGIN, {ADD: NotFoundError("404", status=404)}).refuse(
        add_correlation_framework_to_project, arguments
    )
    assert error.next_step == "Take frameworkId from list_correlation_frameworks."
