"""Verdicts over runs: `/analysis/statistics/**`. Ours: the original has no such calls."""

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.metrics.metric_ids import CURVES
from octoperf_mcp.embedded.metrics.reading import RunView, Window
from octoperf_mcp.embedded.platform import PLATFORM
from octoperf_mcp.embedded.rest.answers import json_answer
from octoperf_mcp.embedded.rest.bodies import number_query
from octoperf_mcp.embedded.rest.crud import documents_of, user_of
from octoperf_mcp.embedded.rest.metrics import limits_of
from octoperf_mcp.embedded.statistics.curves import curves_of
from octoperf_mcp.embedded.statistics.material import ramp_material, run_material
from octoperf_mcp.embedded.statistics.sandbox import statistics
from octoperf_mcp.embedded.statistics.slo import MAX_BYTES, checks_of, thresholds_of
from octoperf_mcp.embedded.statistics.slo_reports import (
    junit_of,
    markdown_of,
    row_of,
    verdict_of,
)
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.entities.runs import is_over

_ROOT = "/analysis/statistics"
_COMPARED = ("RESPONSE_TIME", "LATENCY")
"""Families whose histograms are compared; connect times are mostly 0 and have no ratio."""
_MIN_EFFECT_PCT = 5.0


def routes() -> list[web.RouteDef]:
    """All verdicts."""
    return [
        web.get(f"{_ROOT}/comparison/{{baselineId}}/{{candidateId}}", _comparison),
        web.get(f"{_ROOT}/capacity/{{benchResultId}}", _capacity),
        web.get(f"{_ROOT}/slowdown/{{benchResultId}}", _slowdown),
        web.get(f"{_ROOT}/slo/{{benchResultId}}", _slo),
    ]


async def _run(request: web.Request, run_id: str) -> Document:
    return await documents_of(request).get("bench_result", run_id, user_id=user_of(request))


async def _comparison(request: web.Request) -> web.Response:
    runs = [await _run(request, request.match_info[name]) for name in ("baselineId", "candidateId")]
    metric = request.query.get("metric", _COMPARED[0])
    if metric not in _COMPARED:
        raise Invalid(f"metric is {' or '.join(_COMPARED)}, not {metric!r}.")
    warm_up = number_query(request, "warmUpSec", 0)
    least = _percentage(request, "minEffectPct", _MIN_EFFECT_PCT)
    going = next((run for run in runs if not is_over(run.body["state"])), None)
    told: dict[str, Any]
    if going is None:
        told = await _compared(request, [run.id for run in runs], CURVES[metric], warm_up, least)
    else:
        reason = f"The run {going.id} is {going.body['state']}: compare when it is over."
        told = {"verdict": "not_comparable", "reason": reason, "actions": []}
    head = {"baselineId": runs[0].id, "candidateId": runs[1].id}
    return json_answer({**head, "metric": metric, "warmUpSec": warm_up, **told})


async def _compared(
    request: web.Request, run_ids: Sequence[str], measure: str, warm_up: int, least: float
) -> dict[str, Any]:
    async with request.app[PLATFORM].metrics.views(run_ids) as views:
        both = [views[run_id] for run_id in run_ids]
        seconds = min(view.bounds.seconds for view in both)
        windows = [_cut(view, warm_up, seconds) for view in both]
        material = [
            await run_material(view, window, measure)
            for view, window in zip(both, windows, strict=True)
        ]
    told = await statistics(
        "compare", minEffectPct=least, baseline=material[0], candidate=material[1]
    )
    return {"comparedSec": windows[0].seconds, **told}


async def _capacity(request: web.Request) -> web.Response:
    run = await _run(request, request.match_info["benchResultId"])
    async with request.app[PLATFORM].metrics.views([run.id]) as views:
        material = await ramp_material(views[run.id])
    told = await statistics("capacity", **material)
    if not is_over(run.body["state"]):
        told["warnings"].append(f"The run is {run.body['state']}: the figures still move.")
    return json_answer({"benchResultId": run.id, **told})


async def _slowdown(request: web.Request) -> web.Response:
    run = await _run(request, request.match_info["benchResultId"])
    limits = limits_of(request)
    async with request.app[PLATFORM].metrics.views([run.id]) as views:
        material = await curves_of(views[run.id], limits)
    return json_answer({"benchResultId": run.id, **await statistics("changes", **material)})


async def _slo(request: web.Request) -> web.Response:
    run = await _run(request, request.match_info["benchResultId"])
    filename = request.query.get("filename") or "slo.toml"
    thresholds = thresholds_of(await _file(request, run.project_id, filename), filename)
    async with request.app[PLATFORM].metrics.views([run.id]) as views:
        checks = await checks_of(views[run.id], thresholds)
    verdict, reason = verdict_of(checks, run.body["state"])
    name = run.body.get("name") or run.id
    return json_answer(
        {
            "benchResultId": run.id,
            "verdict": verdict,
            "reason": reason,
            "checks": [row_of(check) for check in checks],
            "junitXml": junit_of(run.id, checks, verdict, reason),
            "markdown": markdown_of(name, checks, verdict, reason),
        }
    )


async def _file(request: web.Request, project_id: str | None, name: str) -> bytes:
    platform = request.app[PLATFORM]
    files = ProjectFiles(platform.database, platform.blobs)
    file = await files.get(project_id or "", name, user_id=user_of(request))
    if file.size > MAX_BYTES:
        raise Invalid(f"{name} has more than {MAX_BYTES} bytes: it is no file of thresholds.")
    return b"".join([part async for part in files.parts(file)])


def _cut(view: RunView, warm_up: int, seconds: int) -> Window:
    """The seconds after the warm-up that both runs have."""
    start = min(view.first + warm_up, view.first + seconds)
    return Window(start, view.first + seconds)


def _percentage(request: web.Request, name: str, default: float) -> float:
    """A number above 0, at most 1000."""
    text: Any = request.query.get(name, default)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1000:  # noqa: PLR2004 - no run is ten times slower unnoticed; refuses NaN
        raise Invalid(f"{name!r} must be a number above 0, at most 1000, not {text!r}.")
    return number
