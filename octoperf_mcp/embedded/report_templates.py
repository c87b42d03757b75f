"""Report templates: the layout of a report, kept in a workspace and given to other reports.

A template names no run: its items stand for "the run of the report". Filters that only make sense
for the run that they were written for (one load generator, one location) are dropped with the
template, and so are metrics that they leave without a meaning, and items left without a metric.
"""

import copy
from collections.abc import Mapping
from typing import Any

from octoperf_mcp.embedded.failures import Invalid, NotFound
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.schema import new_id
from octoperf_mcp.entities.rules import is_trend

KIND = "bench_report_template"
_OF_ONE_RUN = frozenset({"injectorId", "region"})
"""Filters that name what one run was made of."""
_RUN = "benchResultId"

Json = dict[str, Any]


def extracted(report: Mapping[str, Any], name: str, description: str) -> Json:
    """The template of a report, without an id: the store gives it.

    Raises:
        Invalid: the report shows several runs.
    """
    _require_single(report)
    items = [_without_run(item) for item in report.get("items") or []]
    return {
        "id": "",
        "name": name or report.get("name") or "Template",
        "description": description,
        "items": [item for item in items if item is not None],
        "configs": copy.deepcopy(report.get("configs") or []),
    }


def applied(report: Mapping[str, Any], template: Mapping[str, Any]) -> Json:
    """A report with the items and settings of a template instead of its own.

    Raises:
        Invalid: the report shows several runs.
    """
    _require_single(report)
    (run,) = report["benchResultIds"]
    items = [
        {**_for_run(copy.deepcopy(item), str(run)), "id": new_id()}
        for item in template.get("items") or []
    ]
    configs = copy.deepcopy(template.get("configs") or [])
    return {**report, "items": items, "configs": configs}


async def template_of(
    documents: Documents, template_id: str, *, workspace_id: str, user_id: str
) -> Document:
    """A template that a report of a workspace may take.

    Raises:
        NotFound: the user has no such template.
        Invalid: it is one of another workspace.
    """
    found = await documents.get(KIND, template_id, user_id=user_id)
    if found.workspace_id != workspace_id:
        raise Invalid(
            "The template belongs to another workspace than the report.",
            details={"pointer": "/templateId", "got": template_id},
        )
    return found


async def named_template(
    documents: Documents, template_id: str, scenario: Document, user_id: str
) -> Json | None:
    """The template that a run or a job of a scenario names; None for an empty id.

    Raises:
        Invalid: the workspace of the scenario has none of this id.
    """
    if not template_id:
        return None
    place = scenario.workspace_id
    try:
        found = await template_of(documents, template_id, workspace_id=place, user_id=user_id)
    except NotFound as error:
        raise Invalid(
            f"The workspace has no report template {template_id!r}: take an id from its list of "
            "templates, or leave templateId out.",
            details={"pointer": "/templateId", "got": template_id},
        ) from error
    return found.body


def _require_single(report: Mapping[str, Any]) -> None:
    if len(report.get("benchResultIds") or []) != 1 or is_trend(report):
        raise Invalid("Templates are for reports of one run: this one compares runs.")


def _without_run(item: Mapping[str, Any]) -> Json | None:
    made = copy.deepcopy(dict(item))
    metrics = made.get("metrics")
    if isinstance(metrics, list) and metrics:
        made["metrics"] = [each for each in metrics if not _is_of_one_run(each)]
        if not made["metrics"]:
            return None
    if isinstance(made.get("filters"), list):
        made["filters"] = [each for each in made["filters"] if not _names_one_run(each)]
    return _for_run(made, None)


def _is_of_one_run(metric: Any) -> bool:
    filters = metric.get("filters") if isinstance(metric, Mapping) else None
    return any(_names_one_run(each) for each in filters or [])


def _names_one_run(given: Any) -> bool:
    return isinstance(given, Mapping) and given.get("field") in _OF_ONE_RUN


def _for_run(item: Json, run: str | None) -> Json:
    """Put a run into all places of an item that name one; None leaves them open."""
    older = item.get("metric")
    metrics = item.get("metrics") or []
    for place in (item, *metrics, *([older] if isinstance(older, dict) else [])):
        if _RUN in place:
            place[_RUN] = run
    return item
