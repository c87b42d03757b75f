import pytest

from octoperf_mcp.embedded.metrics.default_report import default_report
from octoperf_mcp.embedded.metrics.items import ROUTES, item_of
from octoperf_mcp.entities.check import check

RESULT = {"id": "run1", "designProjectId": "p1", "name": "", "tags": ["nightly"]}
SCENARIO = {"id": "s1", "projectId": "p1", "name": "Checkout 20u", "tags": []}
WITHOUT_VALUES = {"SynopsisReportItem", "LoadGeneratorsChartReportItem"}


def test_the_default_report_is_a_valid_document_of_the_run() -> None:
    report = default_report(RESULT, SCENARIO)
    check("bench_report", report)
    assert report["name"] == "Checkout 20u"
    assert (report["projectId"], report["benchResultIds"], report["tags"]) == (
        "p1",
        ["run1"],
        ["nightly"],
    )
    ids = [item["id"] for item in report["items"]]
    assert len(ids) == len(set(ids)) == 14


def test_the_report_has_the_name_of_the_run_when_it_has_one() -> None:
    assert default_report({**RESULT, "name": "Nightly"}, SCENARIO)["name"] == "Nightly"


@pytest.mark.parametrize("item", default_report(RESULT, SCENARIO)["items"], ids=lambda i: i["name"])
def test_a_route_reads_each_item_that_has_values(item: dict[str, object]) -> None:
    """No item that nothing here can fill."""
    routes = [route for route, types in ROUTES.items() if item["@type"] in types]
    if item["@type"] in WITHOUT_VALUES:
        assert routes == []
    else:
        assert item_of(item, routes[0]).bench_result_ids == ("run1",)
