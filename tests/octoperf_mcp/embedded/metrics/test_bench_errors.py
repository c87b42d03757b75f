import asyncio
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

from octoperf_mcp.embedded.failures import NotFound
from octoperf_mcp.embedded.metrics.bench_errors import bench_errors, http_of_error
from octoperf_mcp.embedded.metrics.junit import junit_report
from octoperf_mcp.embedded.metrics.reading import Limits
from octoperf_mcp.embedded.metrics.sample import ErrorDetail, Sample
from octoperf_mcp.embedded.metrics.selection import Selection, selection
from octoperf_mcp.embedded.metrics.store import MetricStore
from tests.octoperf_mcp.embedded.conftest import on_both

START_MS = 1_700_000_000_000
Record = Callable[..., list[bytes]]
SampleFactory = Callable[..., Sample]


@pytest.fixture
async def failed(
    store: MetricStore, sample: SampleFactory, record: Record, plan: dict[str, Any]
) -> MetricStore:
    assertion = {"name": "signed in", "failure": True, "error": False, "message": "no 'Welcome'"}
    request = {"method": "POST", "url": "http://shop.test/login", "headers": [], "body": "x"}
    response = {"status": 200, "statusText": "OK", "headers": [], "body": "<b>Sorry</b>"}
    given = [
        sample(
            action_id="a2",
            method="POST",
            ok=False,
            assertions_failed=1,
            error=ErrorDetail("signed in: no 'Welcome'", [assertion], request, response, "3"),
        ),
        sample(action_id="a2"),
        sample(
            started_ms=START_MS + 2000,
            code="-1",
            ok=False,
            error=ErrorDetail("java.net.SocketTimeoutException: Read timed out <&>\x00"),
        ),
        sample(started_ms=START_MS + 3000, kind="Resource", code="404", ok=False),
    ]
    await store.describe("run1", **plan)
    lines = record(given, generator="gen1", region="east")
    await asyncio.gather(*(store.ingest("run1", line) for line in lines))
    return store


async def errors(
    store: MetricStore, chosen: Selection | None = None, **limits: int
) -> list[dict[str, Any]]:
    async with store.views(["run1"]) as views:
        return await bench_errors(views["run1"], chosen or Selection(), Limits(**limits))


async def test_errors_say_what_failed_where_and_when(failed: MetricStore) -> None:
    first, second, third = await errors(failed)
    assert first == {
        "benchResultId": "run1",
        "actionId": "a2",
        "actionName": "login",
        "virtualUserId": "vu1",
        "virtualUserName": "Checkout",
        "timestamp": START_MS,
        "responseCode": "200",
        "errorMessage": "signed in: no 'Welcome'",
        "assertions": [
            {"name": "signed in", "failure": True, "error": False, "message": "no 'Welcome'"}
        ],
        "loadGenerator": "gen1",
        "region": "east",
        "userProfileName": "buyers",
        "user": "3",
        "method": "POST",
        "url": "http://shop.test/",
        "elapsed": 0.25,
    }
    assert (second["responseCode"], second["assertions"]) == ("-1", [])
    assert (third["actionId"], third["actionName"]) == ("a1.resources", "start.resources")


@on_both
async def test_errors_of_a_window_and_of_a_filter(failed: MetricStore) -> None:
    window = await errors(failed, from_ms=START_MS + 1, to_ms=START_MS + 3000)
    assert [each["timestamp"] for each in window] == [START_MS + 2000]
    terms = [{"@type": "MultiTermFilter", "field": "responseCode", "terms": ["404", "200"]}]
    chosen = await errors(failed, selection(None, terms))
    assert [each["responseCode"] for each in chosen] == ["200", "404"]


@on_both
async def test_the_exchange_of_an_error_is_found_by_action_and_time(failed: MetricStore) -> None:
    async with failed.views(["run1"]) as views:
        found = await http_of_error(views["run1"], "a2", START_MS)
        without = await http_of_error(views["run1"], "a1.resources", START_MS + 3000)
        with pytest.raises(NotFound, match="a2"):
            await http_of_error(views["run1"], "a2", START_MS + 1)
    assert found["request"]["body"] == "x"
    assert found["response"]["body"] == "<b>Sorry</b>"
    assert without == {"request": None, "response": None}


async def test_a_run_is_a_junit_suite_with_a_case_per_action(failed: MetricStore) -> None:
    async with failed.views(["run1"]) as views:
        document = await junit_report(views["run1"])
    suite = ET.fromstring(document)[0]
    assert suite.attrib["tests"] == "3"
    assert suite.attrib["failures"] == "3"
    cases = {case.attrib["name"]: case for case in suite}
    assert list(cases) == ["Home⫽login", "Home⫽start", "Home⫽start.resources"]
    login = cases["Home⫽login"]
    assert (login.attrib["classname"], login.attrib["time"]) == ("Checkout", "0.250")
    assert login[0].attrib["message"] == "1 of 2 failed (1 x 200)"
    assert login[0].text == f"{START_MS} 200 signed in: no 'Welcome'"
    assert cases["Home⫽start"][0].text == (
        f"{START_MS + 2000} -1 java.net.SocketTimeoutException: Read timed out <&>�"
    )


async def test_a_run_without_samples_is_an_empty_junit_suite(store: MetricStore) -> None:
    async with store.views(["run1"]) as views:
        document = await junit_report(views["run1"])
    assert ET.fromstring(document)[0].attrib["tests"] == "0"
