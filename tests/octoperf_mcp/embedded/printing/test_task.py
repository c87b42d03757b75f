"""The task that prints a report, over REST."""

import asyncio
import io
import re
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest

from octoperf_mcp.embedded.platform import Platform
from octoperf_mcp.embedded.printing import chromium, task
from octoperf_mcp.embedded.printing.paper import paper_of
from octoperf_mcp.embedded.ui.printed import printed_report

Json = dict[str, Any]
Rest = Any

NAME = "Nightly_b_b_slow.pdf"


def _has_chromium() -> bool:
    try:
        return bool(chromium.find_chromium(""))
    except chromium.ChromiumMissingError:
        return False


with_chromium = pytest.mark.skipif(not _has_chromium(), reason="Chromium is not installed")


async def export(user: Rest, platform: Platform, report_id: str, **config: Any) -> Json:
    body = {"@type": task.TASK, "benchReportId": report_id, "config": config or None}
    answer = await user.call("POST", "/tasks", json=body)
    assert answer.status == 200
    task_id = await answer.text()
    async with asyncio.timeout(60):
        await platform.tasks.settled(task_id)
    result: Json = await user.get(f"/tasks/{task_id}/result")
    return result


def words(text: str) -> str:
    """Without the breaks that a line's end makes."""
    return re.sub(r"\s+", "", text)


@with_chromium
async def test_the_pdf_shows_every_widget_and_is_a_file_of_the_first_run(
    ada: Rest, platform: Platform, report: Json
) -> None:
    (run_id,) = report["benchResultIds"]
    wishes = {"orientation": "landscape", "coverPage": "# $REPORT_NAME$\n\n- for $COMPANY_NAME$"}
    result = await export(ada, platform, report["id"], **wishes)
    assert result == {
        "@type": "PrintReportTaskResult",
        "filename": NAME,
        "benchReportId": report["id"],
        "benchResultId": run_id,
    }
    assert NAME in await ada.get(f"/analysis/logs/list/{run_id}")
    signed = {"method": "GET", "path": f"/analysis/logs/{run_id}", "query": {"filename": NAME}}
    ticket = await ada.json("POST", "/presigned-urls", json=signed)
    answer = await ada.client.get(ticket["url"].removeprefix("http://platform.test"))
    data = await answer.read()
    assert data.startswith(b"%PDF-")
    found = pypdf.PdfReader(io.BytesIO(data))
    assert len(found.pages) > 2
    width, height = found.pages[0].mediabox[2:]
    assert (round(width), round(height)) == (842, 595)
    cover, *rest = [words(page.extract_text()) for page in found.pages]
    assert words("Nightly <b>&</b> slow") in cover
    assert words("for Default") in cover
    for item in report["items"]:
        assert words(item["name"]) in "".join(rest)
    assert words("Words of a person.") in "".join(rest)


@with_chromium
async def test_exporting_again_replaces_the_file(
    ada: Rest, platform: Platform, report: Json
) -> None:
    (run_id,) = report["benchResultIds"]
    few = {**report, "items": report["items"][:1]}
    await ada.put(f"/analysis/bench-reports/{report['id']}", few)
    for orientation in ("portrait", "landscape"):
        await export(ada, platform, report["id"], orientation=orientation)
    assert await ada.get(f"/analysis/logs/list/{run_id}") == [NAME]
    answer = await ada.call("GET", f"/analysis/logs/{run_id}", params={"filename": NAME})
    (page,) = pypdf.PdfReader(io.BytesIO(await answer.read())).pages
    assert page.mediabox.width > page.mediabox.height


async def test_without_chromium_the_task_says_how_to_install_it(
    ada: Rest, platform: Platform, report: Json, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = await export(ada, platform, report["id"])
    assert result["@type"] == "FailedTaskResult"
    assert "apt-get install chromium" in result["message"]
    assert "[embedded] chromium" in result["message"]
    platform.settings = replace(platform.settings, chromium="/opt/none/chrome")
    result = await export(ada, platform, report["id"])
    assert "'/opt/none/chrome'" in result["message"]


def script(path: Path, body: str) -> str:
    path.write_text(f"#!{sys.executable}\n{body}\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


async def test_the_browser_that_the_setting_names_gets_no_secret_and_no_network(
    ada: Rest, platform: Platform, report: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCTOPERF_MCP_EMBEDDED_DEMO_PASSWORD", "known to nobody")
    told = tmp_path / "told"
    body = (
        "import os, pathlib, sys\n"
        f"pathlib.Path({str(told)!r}).write_text(repr((sys.argv, dict(os.environ))))\n"
        "pdf = next(a for a in sys.argv if a.startswith('--print-to-pdf=')).partition('=')[2]\n"
        "pathlib.Path(pdf).write_bytes(b'%PDF-made-up')"
    )
    platform.settings = replace(platform.settings, chromium=script(tmp_path / "browser", body))
    result = await export(ada, platform, report["id"])
    assert result["filename"] == NAME
    said = told.read_text("utf-8")
    assert "known to nobody" not in said
    assert "ada" not in said
    assert "MAP * ~NOTFOUND" in said
    profile = re.search(r"--user-data-dir=([^']+)", said)
    assert profile
    assert not Path(profile[1]).parent.exists()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("import sys; sys.exit('out of paper')", "Chromium made no PDF. out of paper"),
        ("import sys; sys.exit('No usable sandbox!')", "--no-sandbox"),
    ],
)
async def test_a_browser_that_prints_nothing_is_quoted(
    ada: Rest, platform: Platform, report: Json, *, tmp_path: Path, body: str, sentence: str
) -> None:
    platform.settings = replace(platform.settings, chromium=script(tmp_path / "browser", body))
    result = await export(ada, platform, report["id"])
    assert result["@type"] == "FailedTaskResult"
    assert sentence in result["message"]


async def test_a_browser_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    """The pipe ends when the last process that holds it is gone."""
    program = script(tmp_path / "browser", "import os, time\nos.fork()\ntime.sleep(1000)")
    with pytest.raises(chromium.PrintFailedError, match="took longer than"):
        await chromium.pdf_of("<p>", program=program, limit_s=0.5)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"orientation": "round"}, "orientation is one of portrait, landscape"),
        ({"pageFormat": "A99"}, "pageFormat is one of A3, A4"),
        ({"scale": 9}, "scale is a number from 0.1 to 2"),
        ({"pageMargin": {"top": "1; } body { display: none"}}, "A margin is a length"),
        ({"tablesRowCount": {"ErrorsReportItem": -1}}, "tablesRowCount of ErrorsReportItem"),
        ({"timezone": "Mars/Olympus"}, "timezone is UTC"),
        ({"coverPage": 5}, "coverPage is Markdown"),
    ],
)
async def test_a_wish_that_cannot_be_followed_is_named(
    ada: Rest, platform: Platform, report: Json, config: Json, sentence: str
) -> None:
    result = await export(ada, platform, report["id"], **config)
    assert result["@type"] == "FailedTaskResult"
    assert sentence in result["message"]


async def test_reports_of_others_and_those_without_a_run_are_not_printed(
    ada: Rest, eve: Rest, platform: Platform, report: Json
) -> None:
    assert (await export(eve, platform, report["id"]))["@type"] == "FailedTaskResult"
    assert (await export(ada, platform, "none"))["@type"] == "FailedTaskResult"
    await ada.put(f"/analysis/bench-reports/{report['id']}", {**report, "benchResultIds": []})
    result = await export(ada, platform, report["id"])
    assert "shows no run" in result["message"]


async def test_the_page_for_the_printer_is_light_escaped_and_loads_nothing(
    platform: Platform, report: Json
) -> None:
    html = await printed_report(platform, "ada", report, paper_of(None))
    assert "default-src 'none'" in html
    assert "Nightly &lt;b&gt;&amp;&lt;/b&gt; slow" in html
    assert "<b>&</b>" not in html
    assert ":root, :root[data-theme] { color-scheme: light;" in html
    assert not re.findall(r"(?:src|href)=", html)
    assert "has no picture here" not in html
    for item in report["items"]:
        assert f'id="{item["id"]}"' in html


async def test_a_widget_that_cannot_be_read_says_so_in_its_place(
    platform: Platform, report: Json
) -> None:
    report["items"][1]["metrics"] = []
    report["items"][3]["metrics"][0]["benchResultId"] = "gone"
    html = await printed_report(platform, "ada", report, paper_of(None))
    assert "The item names no run" in html
    assert "gone" in html
    assert "Response codes" in html


async def test_long_tables_are_cut_as_the_paper_wants(platform: Platform, report: Json) -> None:
    rows = {"tablesRowCount": {"StatisticTableReportItem": 2}}
    html = await printed_report(platform, "ada", report, paper_of(rows))
    assert "The first 2 of 3 rows." in html
