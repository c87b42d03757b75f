"""show_run_chart: a table for everybody, data for MCP Apps, a picture for who asks for it."""

import base64
import io
import json
from typing import Any

import pytest
from PIL import Image

from octoperf_analysis import app, pictures
from octoperf_analysis import run_chart_tools as tools
from octoperf_mcp import Content
from octoperf_mcp.errors import UnavailableError

RUN = {"id": "res1", "designProjectId": "p1", "state": "RUNNING", "name": "Peak"}
START_MS = 1_700_000_000_000
APPS = {app.EXTENSION: {"mimeTypes": [app.MEDIA_TYPE]}}


def points(*values: float) -> list[dict[str, float]]:
    return [{"x": START_MS + 1000 * n, "y": value} for n, value in enumerate(values)]


@pytest.fixture
def fake(context: Any) -> Any:
    curves = [points(0.1, 0.2, 0.9, 0.1), points(0.2, 0.3, 1.5, 0.2), points(5, 6, 7, 8)]
    return context("octoperf_analysis", {
        "GET /runtime/bench-results/res1": RUN,
        "POST /analysis/metrics/line": [*curves, points(1, 2, 3, 4), []],
    })  # fmt: skip


async def test_a_table_keeps_the_peaks_of_all_curves(fake: Any) -> None:
    found = await fake.run(tools.show_run_chart, {"benchResultId": "res1", "maxRows": 4})
    assert "chart" not in found
    head, _, *rows = found["table"].splitlines()
    assert head.startswith("| from s | Response time avg (ms) | Response time p95 (ms) | Hits")
    assert rows[2] == "| 2 | 900 | 1500 | 7 | 3 |  |"
    assert found["curves"][0] == {
        "name": "Response time avg",
        "unit": "ms",
        "least": 100,
        "greatest": 900,
        "greatestAtSec": 2,
        "last": 100,
    }
    assert found["curves"][4] == {"name": "Errors", "unit": "errors/s"}
    assert not found["finished"]
    assert found["nextPollSec"] == 5
    assert found["url"].endswith("/analysis/bench-result/res1")


async def test_few_rows_hide_no_peak(fake: Any) -> None:
    fake.answers["POST /analysis/metrics/line"][0] = points(*[0.1] * 50, 9, *[0.1] * 49)
    found = await fake.run(tools.show_run_chart, {"benchResultId": "res1", "maxRows": 4})
    assert len(found["table"].splitlines()) == 6
    assert "| 9000 |" in found["table"]


async def test_a_host_of_apps_gets_the_curves(fake: Any) -> None:
    fake.extensions = APPS
    found = await fake.run(tools.show_run_chart, {"benchResultId": "res1"})
    first, *_, last = found["chart"]
    assert first == {
        "name": "Response time avg",
        "unit": "ms",
        "times": [START_MS + 1000 * n for n in range(4)],
        "values": [100, 200, 900, 100],
    }
    assert last == {"name": "Errors", "unit": "errors/s", "times": [], "values": []}


@pytest.mark.parametrize("declared", [{}, {"mimeTypes": ["text/plain"]}, {"mimeTypes": None}])
async def test_a_host_of_other_apps_gets_the_table_alone(fake: Any, declared: Any) -> None:
    fake.extensions = {app.EXTENSION: declared}
    assert "chart" not in await fake.run(tools.show_run_chart, {"benchResultId": "res1"})


async def test_a_picture_comes_beside_the_whole_text(fake: Any) -> None:
    arguments = {"benchResultId": "res1", "format": "png"}
    content = await tools.show_run_chart.call(fake, arguments)
    assert isinstance(content, Content)
    text, image = content.blocks
    assert json.loads(text["text"]) == content.structured
    assert image["mimeType"] == "image/png"
    picture = Image.open(io.BytesIO(base64.b64decode(image["data"])))
    assert picture.size == (960, 480)
    colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24) or ()}
    assert (0x16, 0x68, 0xB8) in colours  # of the first curve


async def test_without_a_sample_there_is_a_picture_all_the_same(fake: Any) -> None:
    fake.answers["POST /analysis/metrics/line"] = [[], [], [], [], []]
    found = await fake.run(tools.show_run_chart, {"benchResultId": "res1"})
    assert len(found["table"].splitlines()) == 2
    content = await tools.show_run_chart.call(fake, {"benchResultId": "res1", "format": "png"})
    assert content.blocks[1]["mimeType"] == "image/png"


async def test_a_server_without_pillow_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "find_spec", lambda _: None)
    with pytest.raises(UnavailableError, match="lacks Pillow") as failure:
        await pictures.png_of({})
    assert "octoperf-mcp[pictures]" in str(failure.value.next_step)


async def test_what_cannot_be_drawn_is_told() -> None:
    with pytest.raises(UnavailableError, match="could not be drawn"):
        await pictures.png_of({"title": "nothing else"})


def test_the_tool_names_its_app_for_hosts_of_both_generations() -> None:
    meta = tools.show_run_chart.definition["_meta"]
    assert meta == {"ui": {"resourceUri": app.URI}, "ui/resourceUri": app.URI}
