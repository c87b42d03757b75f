"""patch_variable: settings change, names stay unique, secrets stay secret."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_edit.variable_patches import patch_variable

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
Json = dict[str, Any]
PLUGIN = "octoperf_edit"
GET = "GET /design/variables/x1"
PUT = "PUT /design/variables/x1"
LIST = "GET /design/variables/by-project/p1"
SEALED = {"type": "ENCRYPTED", "value": "v1.sealed"}


def stored(variable: Json, name: str = "n", **more: Any) -> Json:
    return {"id": "x1", "projectId": "p1", "name": name, "variable": variable, **more}


COUNTER = stored({"@type": "CounterVariable", "start": 1, "futureSetting": [1]}, kept=True)
SECRET = stored({"@type": "SecretVariable", "value": SEALED})


def patching(context: Maker, document: Json, *others: Json) -> "FakeContext":
    return context(PLUGIN, {GET: document, PUT: lambda body: body, LIST: [document, *others]})


async def test_a_setting_changes_and_what_nobody_knows_stays(context: Maker) -> None:
    ctx = patching(context, COUNTER)
    patch = [{"op": "replace", "path": "/variable/start", "value": 100}]
    answer = await ctx.run(patch_variable, {"variableId": "x1", "patch": patch})
    wanted = {**COUNTER, "variable": {**COUNTER["variable"], "start": 100}}
    assert ctx.body_of(PUT) == wanted
    assert answer["variable"] == wanted["variable"]
    assert (answer["dryRun"], answer["applied"][0]["pointer"]) == (False, "/variable/start")


async def test_a_dry_run_saves_nothing(context: Maker) -> None:
    ctx = patching(context, COUNTER)
    patch = [{"op": "add", "path": "/variable/end", "value": 9}]
    answer = await ctx.run(patch_variable, {"variableId": "x1", "ops": patch, "dryRun": True})
    assert answer["variable"]["end"] == 9
    assert ctx.lines == [GET]


@pytest.mark.parametrize(
    ("value", "pointer"), [("many", "/variable/start"), (1.5, "/variable/start")]
)
async def test_a_wrong_type_is_refused_with_its_schema(
    context: Maker, value: Any, pointer: str
) -> None:
    ctx = patching(context, COUNTER)
    patch = [{"op": "replace", "path": "/variable/start", "value": value}]
    error = await ctx.refuse(patch_variable, {"variableId": "x1", "patch": patch})
    assert error.details["pointer"] == pointer
    assert error.details["schema"] == "octoperf://schema/variables"


async def test_a_new_name_must_be_free_and_the_old_references_are_told(context: Maker) -> None:
    other = stored({"@type": "ConstantVariable", "value": ""}, "taken", id="x2")
    patch = [{"op": "replace", "path": "/name", "value": "taken"}]
    ctx = patching(context, COUNTER, other)
    error = await ctx.refuse(patch_variable, {"variableId": "x1", "patch": patch})
    assert error.details["variableId"] == "x2"
    patch = [{"op": "replace", "path": "/name", "value": "fresh"}]
    answer = await ctx.run(patch_variable, {"variableId": "x1", "patch": patch})
    assert answer["references"] == ["${fresh}"]
    assert answer["warnings"][0].startswith("Texts that refer to ${n} are not changed")


async def test_a_secret_keeps_its_value_when_something_else_changes(context: Maker) -> None:
    ctx = patching(context, SECRET)
    patch = [{"op": "add", "path": "/description", "value": "of the test account"}]
    answer = await ctx.run(patch_variable, {"variableId": "x1", "patch": patch})
    assert ctx.body_of(PUT)["variable"]["value"] == SEALED
    assert "v1.sealed" not in json.dumps(answer)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/variable/value/value", "value": "guess"},
        {"op": "replace", "path": "/variable/value/value", "value": "mine"},
        {"op": "replace", "path": "/variable/value", "value": {"type": "PLAIN", "value": "x"}},
        {
            "op": "replace",
            "path": "/variable",
            "value": {"@type": "ConstantVariable", "value": "x"},
        },
    ],
)
async def test_a_patch_reads_and_writes_no_secret(context: Maker, operation: Json) -> None:
    ctx = patching(context, SECRET)
    error = await ctx.refuse(patch_variable, {"variableId": "x1", "patch": [operation]})
    assert "v1.sealed" not in f"{error.message}{error.details}"
    assert PUT not in ctx.lines


async def test_a_copy_of_a_secret_copies_nothing(context: Maker) -> None:
    ctx = patching(context, SECRET)
    patch = [{"op": "copy", "from": "/variable/value/value", "path": "/description"}]
    answer = await ctx.run(patch_variable, {"variableId": "x1", "patch": patch})
    assert answer["description"] == "<hidden>"
