"""Types of report items of plugins: checked when they are registered, known where documents are."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from octoperf_mcp import Bars, ReportItemType
from octoperf_mcp.entities.check import Mismatch, check, own_types
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import PluginInfo, Registry
from tests.octoperf_mcp.registry.third_party import installed, module_of


def item_type(**changed: Any) -> ReportItemType:
    members = {
        "type": "AcmeReportItem",
        "title": "Acme",
        "description": "Acme's figures.",
        **changed,
    }
    return ReportItemType(values=lambda _host, _request: Bars([]), **members)


def loaded(
    monkeypatch: pytest.MonkeyPatch, register: Callable[[], Any], **options: Any
) -> tuple[Registry, PluginInfo]:
    module = module_of(register_report_item_types=register)
    with installed(monkeypatch, acme=module):
        registry = load_registry(enable=["acme"], **options)
        registry.added_types.off()
    (found,) = (one for one in registry.plugins if one.name == "acme")
    assert "HeatMapReportItem" in registry.added_types.names("BenchReportItem")
    return registry, found


def report(*items: dict[str, Any]) -> dict[str, Any]:
    return {"projectId": "p", "name": "r", "benchResultIds": ["b"], "items": list(items)}


def test_a_type_of_a_plugin_may_stand_in_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = {"limitMs": {"type": "integer", "minimum": 1}}
    registry, found = loaded(
        monkeypatch, lambda: [item_type(properties=limit, required=("limitMs",))]
    )
    assert (found.state, found.hooks) == ("enabled", ("register_report_item_types",))
    item = {"@type": "AcmeReportItem", "id": "i", "benchResultId": "b", "limitMs": 3}
    check("bench_report", report(item), registry.added_types)
    for own, pointer in (
        ({"limitMs": 0}, "/items/0/limitMs"),
        ({"limitMs": None}, "/items/0/limitMs"),
        ({"benchResultId": 5}, "/items/0/benchResultId"),
        ({"filters": [{"@type": "Other", "field": "x"}]}, "/items/0/filters/0/@type"),
        ({"width": "BROAD"}, "/items/0/width"),
    ):
        with pytest.raises(Mismatch) as caught:
            check("bench_report", report({**item, **own}), registry.added_types)
        assert caught.value.pointer == pointer


def test_the_public_schema_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    registry, _ = loaded(monkeypatch, lambda: [item_type()])
    schema = orjson.loads(registry.public_assets["schema/bench-report.json"].content)
    branch = schema["$defs"]["AcmeReportItem"]
    assert branch["description"] == "Acme's figures."
    assert {"benchResultId", "filters", "width"} <= branch["properties"].keys()
    assert {"$ref": "#/$defs/AcmeReportItem"} in schema["$defs"]["BenchReportItem"]["oneOf"]


@pytest.mark.parametrize(
    ("register", "reason"),
    [
        (lambda: [item_type(type="Acme")], "'Acme' is no type of report items"),
        (lambda: [item_type(type="acmeReportItem")], "is no type of report items"),
        (lambda: [item_type(type="TopReportItem")], "the type 'TopReportItem' is registered twice"),
        (lambda: [item_type(type="HeatMapReportItem")], "registered twice"),
        (lambda: [item_type(), item_type()], "registered twice"),
        (lambda: [item_type(timeout_s=0)], "timeout_s of AcmeReportItem"),
        (lambda: [item_type(timeout_s=1e9)], "timeout_s of AcmeReportItem"),
        (lambda: [item_type(properties={"filters": {}})], "cannot have a property 'filters'"),
        (lambda: [item_type(properties={"id": {}})], "cannot have a property 'id'"),
        (lambda: [item_type(properties={"a": {"type": "text"}})], "is no JSON Schema"),
        (lambda: [item_type(required=("b",))], "requires 'b'"),
        (lambda: ["AcmeReportItem"], "must return ReportItemType, not str"),
    ],
)
def test_what_could_not_work_disables_the_plugin(
    monkeypatch: pytest.MonkeyPatch, register: Callable[[], Any], reason: str
) -> None:
    registry, found = loaded(monkeypatch, register)
    assert found.state == "broken"
    assert reason in found.reason
    assert registry.added_types.names("BenchReportItem") == ("HeatMapReportItem",)


def test_of_a_plugin_that_is_off_its_types_are_known() -> None:
    registry = load_registry(disable=["heatmap"])
    assert registry.added_types.off()["HeatMapReportItem"] == "heatmap"
    item = {"@type": "HeatMapReportItem", "id": "i"}
    with pytest.raises(Mismatch, match="the plugin heatmap, which has this one, is off here"):
        check("bench_report", report(item), registry.added_types)


def test_of_a_third_party_that_was_allowed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_of(register_report_item_types=lambda: [item_type()])
    with installed(monkeypatch, acme=module):
        off = load_registry(enable=["acme"], disable=["acme"]).added_types.off()
        unknown = load_registry().added_types.off()
    assert off["AcmeReportItem"] == "acme"
    assert "AcmeReportItem" not in unknown, "its code is not run to ask it"


def test_no_type_of_ours_takes_the_name_of_one_of_the_platform() -> None:
    registry = load_registry(enable=["policy", "conformance", "curl"])
    assert not own_types() & {one.name for one in registry.added_types.types}
