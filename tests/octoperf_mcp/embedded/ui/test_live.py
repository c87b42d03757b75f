"""The figures of a run as they come: what a page that is open is told, and when that ends."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from octoperf_mcp.embedded.ui import live
from tests.octoperf_mcp.embedded.rest.conftest import platform
from tests.octoperf_mcp.embedded.ui.test_parts import Site, site

__all__ = ["platform", "site"]

Json = dict[str, Any]


class Watched:
    """A report of a run that goes on, and those who look at it."""

    def __init__(self, site: Site, run_id: str) -> None:
        self.site = site
        self.run_id = run_id

    async def open(self) -> aiohttp.ClientResponse:
        return await self.site.client.get(f"{self.site.path}/live")

    async def end_run(self, state: str = "FINISHED") -> None:
        documents = self.site.platform.documents
        body = (await documents.get("bench_result", self.run_id, user_id="ada")).body
        over = {**body, "state": state}
        await documents.replace("bench_result", self.run_id, over, user_id="ada")

    @property
    def count(self) -> int:
        return self.watchers.count

    @property
    def watchers(self) -> live.Watchers:
        app = self.site.client.app
        assert app
        watchers: live.Watchers = app[live.WATCHERS]
        return watchers


@pytest.fixture
async def watched(site: Site, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(live, "PERIOD_S", 0.01)
    documents = site.platform.documents
    space = await documents.create("workspace", {"name": "w"}, user_id="ada", workspace_id="")
    project = await documents.create("project", {"name": "p"}, user_id="ada", workspace_id=space.id)
    place: Json = {"user_id": "ada", "workspace_id": space.id, "project_id": project.id}
    run = await documents.create(
        "bench_result", {"state": "RUNNING", "designProjectId": project.id}, **place
    )
    items = [{"@type": "TextReportItem", "id": "words", "name": "Notes", "description": "Hello"}]
    report = {"projectId": project.id, "name": "R", "benchResultIds": [run.id], "items": items}
    kept = await documents.create("bench_report", report, **place)
    site.path = f"/ui/workspace/{space.id}/project/{project.id}/analysis/report/{kept.id}"
    return Watched(site, run.id)


async def next_event(answer: aiohttp.ClientResponse) -> tuple[str, Json]:
    """Name and data."""
    async with asyncio.timeout(10):
        while not (line := await answer.content.readline()).startswith(b"event: "):
            assert line, "the stream ended"
        name = line.removeprefix(b"event: ").decode().strip()
        data = (await answer.content.readline()).removeprefix(b"data: ")
    return name, json.loads(data)


async def test_a_reader_is_told_the_parts_that_change_and_the_end(watched: Watched) -> None:
    answer = await watched.open()
    assert answer.content_type == "text/event-stream"
    name, parts = await next_event(answer)
    assert name == "parts"
    assert parts.keys() == {"runs", "words", "rest"}
    assert "Stop the run" in parts["runs"]
    assert "Hello" in parts["words"]
    await watched.end_run()
    name, parts = await next_event(answer)
    assert (name, list(parts)) == ("parts", ["runs"])
    assert "FINISHED" in parts["runs"]
    assert (await next_event(answer))[0] == "over"
    assert (await answer.content.read()).strip() == b""
    assert watched.count == 0


async def test_one_person_opens_so_many_streams_and_no_more(watched: Watched) -> None:
    answers = [await watched.open() for _ in range(live.MOST_OF_ONE_USER + 1)]
    assert [each.status for each in answers] == [200] * live.MOST_OF_ONE_USER + [503]
    answers[0].close()
    async with asyncio.timeout(10):
        while (again := await watched.open()).status == 503:
            again.close()
    again.close()


async def test_a_server_that_stops_ends_its_streams(watched: Watched) -> None:
    answer = await watched.open()
    await next_event(answer)
    await watched.watchers.close()
    async with asyncio.timeout(10):
        assert b"event: over" not in await answer.content.read()
    assert (await watched.open()).status == 503


async def test_a_stream_ends_with_the_session(watched: Watched) -> None:
    answer = await watched.open()
    await next_event(answer)

    async def nobody(_request: object) -> None:
        return None

    identity: Any = watched.site.platform.identity
    identity.browser_user = nobody
    async with asyncio.timeout(10):
        await answer.content.read()
    assert watched.count == 0


async def test_a_stream_ends_with_its_report(watched: Watched) -> None:
    answer = await watched.open()
    await next_event(answer)
    report_id = watched.site.path.rpartition("/")[2]
    await watched.site.platform.documents.delete("bench_report", report_id, user_id="ada")
    async with asyncio.timeout(10):
        await answer.content.read()
    assert (await watched.open()).status == 404


async def test_the_page_asks_for_its_stream_only_while_the_run_goes_on(watched: Watched) -> None:
    client = watched.site.client
    page = await client.get(watched.site.path)
    assert f'data-live="{watched.site.path}/live"' in await page.text()
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'; connect-src 'self'" in policy
    assert "unsafe" not in policy
    await watched.end_run("ABORTED")
    page = await client.get(watched.site.path)
    assert "data-live" not in await page.text()
    assert "http-equiv" not in await page.text()
