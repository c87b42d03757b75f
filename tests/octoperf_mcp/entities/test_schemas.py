"""The public JSON Schemas: true to the models, strict where an agent would go wrong."""

import copy
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from octoperf_mcp.entities.check import Mismatch, check
from octoperf_mcp.entities.schemas import schema, schema_files

EXAMPLES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "examples.json").read_text("utf-8")
)
KINDS = {
    "virtual_user": "vu",
    "variable": "variables",
    "correlation_rule": "correlation-rules",
    "scenario": "scenario",
    "bench_report": "bench-report",
}
UNIONS = {
    "vu": {"Action": 30, "Thinktime": 5, "PostData": 4},
    "scenario": {"Load": 5, "Engine": 3, "Thinktime": 5},
    "bench-report": {"BenchReportItem": 21, "Config": 6, "Filter": 2, "TrendSelector": 3},
    "variables": {"Variable": 6},
    "correlation-rules": {"Extractor": 6, "InjectionRule": 8},
    "injection-rules": {},
}
"""Branches of each union: one for each `@type` that a writer may use."""

NAMES = sorted(UNIONS)


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def typed_nodes(node: Any) -> list[dict[str, Any]]:
    """Every object with an `@type`, from the root down."""
    if isinstance(node, list):
        return [found for item in node for found in typed_nodes(item)]
    if not isinstance(node, dict):
        return []
    here = [node] if "@type" in node else []
    return here + [found for item in node.values() for found in typed_nodes(item)]


def test_the_committed_files_are_those_of_the_models() -> None:
    """`python -m octoperf_mcp.entities.schemas public_assets/schema` writes them anew."""
    folder = files("octoperf_public_assets") / "schema"
    committed = {entry.name: json.loads(entry.read_bytes()) for entry in folder.iterdir()}
    assert committed == {name: json.loads(text) for name, text in schema_files().items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_of_2020_12_with_its_address(name: str) -> None:
    made = schema(name)
    Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["$id"] == f"octoperf://schema/{name}"


@pytest.mark.parametrize("name", NAMES)
def test_each_branch_is_hit_by_one_type(name: str) -> None:
    made = schema(name)
    unions = {key: value["oneOf"] for key, value in made["$defs"].items() if "oneOf" in value}
    assert {key: len(branches) for key, branches in unions.items()} == UNIONS[name]
    for branches in [*unions.values(), made.get("oneOf", [])]:
        types = [branch["$ref"].removeprefix("#/$defs/") for branch in branches]
        assert len(set(types)) == len(types)
        for type_name in types:
            definition = made["$defs"][type_name]
            assert definition["properties"]["@type"] == {"const": type_name}
            assert "@type" in definition["required"]


@pytest.mark.parametrize("name", NAMES)
def test_no_reference_leads_nowhere(name: str) -> None:
    made = schema(name)
    text = json.dumps(made)
    used = {part.partition('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert used == set(made["$defs"])


@pytest.mark.parametrize("kind", KINDS)
def test_the_reference_examples_fit(kind: str) -> None:
    validator(KINDS[kind]).validate(EXAMPLES[kind])


def test_each_injection_rule_fits_its_own_schema() -> None:
    rules = [
        *EXAMPLES["correlation_rule"]["injectionRules"],
        {
            "@type": "RequestPathInjectionRule",
            "enabled": True,
            "replacement": "${JSESSIONID}",
            "partial": True,
        },
    ]
    for rule in rules:
        validator("injection-rules").validate(rule)
    assert not validator("injection-rules").is_valid({**rules[0], "@type": "CookieRule"})


@pytest.mark.parametrize("kind", KINDS)
def test_a_node_with_a_wrong_or_no_type_is_refused_as_by_the_server(kind: str) -> None:
    document = copy.deepcopy(EXAMPLES[kind])
    checked = validator(KINDS[kind])
    for node in typed_nodes(document):
        right = node["@type"]
        for wrong in ("Unknown", None):
            node["@type"] = wrong
            assert not checked.is_valid(document)
            with pytest.raises(Mismatch):
                check(kind, document)
        node["@type"] = right
    assert checked.is_valid(document)


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_properties_are_open(kind: str) -> None:
    document = copy.deepcopy(EXAMPLES[kind])
    for node in typed_nodes(document):
        node["fromTheFuture"] = [1]
    validator(KINDS[kind]).validate(document)


def test_an_action_without_enabled_is_pointed_out_before_it_is_silently_off() -> None:
    document = copy.deepcopy(EXAMPLES["virtual_user"])
    del document["children"][0]["enabled"]
    check("virtual_user", document)
    errors = list(validator("vu").iter_errors(document))
    assert [list(error.absolute_path) for error in errors] == [["children", 0]]


def test_a_loop_needs_a_count_or_an_expression() -> None:
    document = copy.deepcopy(EXAMPLES["virtual_user"])
    loop = document["children"][1]
    del loop["count"]
    assert not validator("vu").is_valid(document)
    loop["countExpression"] = "${times}"
    assert validator("vu").is_valid(document)
