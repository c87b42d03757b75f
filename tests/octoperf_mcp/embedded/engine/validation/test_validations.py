"""Validations with a real worker process."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from octoperf_mcp.embedded.engine.validation.run import ValidationRequest
from octoperf_mcp.embedded.failures import Invalid, NotFound
from tests.octoperf_mcp.embedded.engine.players import Json, node, request
from tests.octoperf_mcp.embedded.engine.stage import ADA, Stage, think
from tests.octoperf_mcp.embedded.engine.target import Answer, Target

HOUR = think(3_600_000)


def recorded(status: int) -> Json:
    return {"status": status, "statusText": "", "headers": [], "contentType": "text/html"}


def journey(token: str, *, extractor: bool) -> list[Json]:
    """Sign in with a token that the page hands out; `token` is what the recording held."""
    find = node(
        "RegexpVariableExtractor",
        id="find",
        variable="csrf",
        regexp="name='csrf' value='([^']+)'",
    )
    form = {
        "@type": "FormPostData",
        "parameters": [{"name": "csrf", "value": "${csrf}" if extractor else token}],
    }
    return [
        request(
            "/login",
            id="page",
            thinktime=HOUR,
            recordedResponse=recorded(200),
            children=[find] if extractor else [],
        ),
        request("/enter", id="enter", method="POST", postData=form, recordedResponse=recorded(302)),
        request("/home", id="home", recordedResponse=recorded(200)),
    ]


async def test_a_stale_token_is_ko_at_the_right_action_and_ok_once_it_is_extracted(
    stage: Stage, target: Target
) -> None:
    virtual_user = await stage.virtual_user(*journey("stale", extractor=False))
    result = await stage.validated(virtual_user)
    assert (result["state"], result["validation"]) == ("FINISHED", True)
    index = await stage.index(virtual_user)
    assert [(i, e["success"], e["total"]) for i, e in index.items()] == [
        ("page", 1, 1),
        ("enter", 0, 1),
        ("home", 0, 1),
    ]
    entry = index["enter"]
    assert (entry["lastCode"], entry["method"], entry["errorCategory"]) == ("403", "POST", "AUTH")
    assert entry["url"].endswith("/enter")
    [stamp] = entry["failedTimestamps"]

    detail = await stage.runs.validations.detail(virtual_user.id, "enter", ADA, stamp)
    assert detail["message"] == "403 Forbidden, recorded 302"
    assert detail["validationRequest"]["body"] == "csrf=stale"
    assert detail["validationResponse"]["status"] == 403
    assert detail["validationResponse"]["body"] == "invalid token"
    assert detail["recordedResponse"]["status"] == 302
    assert detail["recordedRequest"] is None

    mended = await stage.change(virtual_user, *journey("stale", extractor=True))
    await stage.validated(mended, iterations=2)
    index = await stage.index(mended)
    assert {e["success"] for e in index.values()} == {e["total"] for e in index.values()} == {2}
    assert len(index["home"]["successTimestamps"]) == 2
    assert target.count == 9


async def test_bodies_can_be_read_in_all_four_kinds(stage: Stage, target: Target) -> None:
    sent = await stage.blobs.put(b"recorded question")
    got = await stage.blobs.put(b"recorded answer")
    target.answers["/large"] = Answer(b"\xffbinary" * 300_000)
    action = request(
        "/large",
        id="a",
        method="POST",
        postData={"@type": "RawPostData", "body": "asked now"},
        recordedRequest={"method": "POST", "url": "u", "headers": [], "bodyRef": sent},
        recordedResponse={**recorded(200), "bodyRef": got},
    )
    virtual_user = await stage.virtual_user(action)
    await stage.validated(virtual_user)
    [stamp] = (await stage.index(virtual_user))["a"]["successTimestamps"]

    async def body(kind: str) -> bytes:
        return await stage.runs.validations.body(
            virtual_user.id, "a", ADA, kind=kind, timestamp=stamp
        )

    assert await body("RECORDED_REQUEST") == b"recorded question"
    assert await body("RECORDED_RESPONSE") == b"recorded answer"
    assert await body("VALIDATION_REQUEST") == b"asked now"
    assert await body("VALIDATION_RESPONSE") == b"\xffbinary" * 300_000
    detail = await stage.runs.validations.detail(virtual_user.id, "a", ADA, None)
    assert detail["validationResponse"]["bodyTruncated"] is True
    with pytest.raises(Invalid, match="RECORDED_REQUEST"):
        await body("ANYTHING")
    with pytest.raises(NotFound):
        await stage.runs.validations.detail(virtual_user.id, "a", ADA, stamp + 1)


async def test_a_response_assertion_takes_the_place_of_the_matrix(
    stage: Stage, target: Target
) -> None:
    holds = node("ResponseAssertion", id="r", rule="SUBSTRING", patterns=["hello"])
    fails = node("ResponseAssertion", id="s", name="greets", rule="SUBSTRING", patterns=["bye"])
    virtual_user = await stage.virtual_user(
        request("/", id="matrix", recordedResponse=recorded(302)),
        request("/", id="holds", recordedResponse=recorded(302), children=[holds]),
        request("/", id="fails", recordedResponse=recorded(200), children=[fails]),
    )
    await stage.validated(virtual_user)
    index = await stage.index(virtual_user)
    assert {i: e["success"] for i, e in index.items()} == {"matrix": 0, "holds": 1, "fails": 0}
    assert index["matrix"]["errorCategory"] == "RECORDING_MISMATCH"
    assert index["fails"]["errorCategory"] == "ASSERTION"
    detail = await stage.runs.validations.detail(virtual_user.id, "fails", ADA, None)
    assert detail["assertions"] == [
        {
            "name": "greets",
            "failure": True,
            "error": False,
            "message": "Test failed: text expected to contain /bye/",
        }
    ]


async def test_a_debug_action_shows_the_variables_and_hides_secrets(
    stage: Stage, target: Target
) -> None:
    secret = {"@type": "SecretVariable", "value": {"type": "PLAIN", "value": "hu5h hu5h"}}
    await stage.create("variable", {"name": "pw", "description": "", "variable": secret})
    find = node("RegexpVariableExtractor", variable="word", regexp="(h\\w+)", id="x")
    debug = {"@type": "DebugAction", "id": "d", "enabled": True, "variablesDisplayed": True}
    form = {"@type": "FormPostData", "parameters": [{"name": "pw", "value": "${pw}"}]}
    virtual_user = await stage.virtual_user(
        request("/", id="a", children=[find]),
        debug,
        request("/echo", id="e", method="POST", postData=form),
    )
    result = await stage.validated(virtual_user)
    [stamp] = (await stage.index(virtual_user))["d"]["successTimestamps"]
    dump = await stage.runs.validations.body(
        virtual_user.id, "d", ADA, kind="VALIDATION_RESPONSE", timestamp=stamp
    )
    assert dump.decode() == "JMeterVariables:\npw=******\nword=hello\nword_matchNr=1\n"
    assert target.hits[1].body == b"pw=hu5h+hu5h"
    detail = await stage.runs.validations.detail(virtual_user.id, "a", ADA, None)
    assert detail["extracted"] == {"word": "hello", "word_matchNr": "1"}
    everything = json.dumps(
        [await stage.runs.validations.detail(virtual_user.id, each, ADA, None) for each in "ade"]
    )
    folder = stage.data_dir / "runs" / result["id"]
    stored = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert "hu5h" not in everything
    assert b"hu5h" not in stored


async def test_what_the_sanity_check_calls_an_error_refuses_the_validation(
    stage: Stage,
) -> None:
    virtual_user = await stage.virtual_user(request("/", serverId="gone"))
    with pytest.raises(Invalid, match="No Server Found") as refusal:
        await stage.validated(virtual_user)
    assert refusal.value.details["messages"][0]["level"] == "ERROR"
    with pytest.raises(NotFound):
        await stage.index(virtual_user)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"projectId": "gone"}, "project"),
        ({"providerId": "gone"}, "provider"),
        ({"location": "mars"}, "away, local"),
        ({"iterations": 0}, "iterations"),
        ({"location": None}, "location"),
    ],
)
async def test_an_impossible_validation_is_refused(stage: Stage, change: Json, named: str) -> None:
    virtual_user = await stage.virtual_user(request("/"))
    body = {"projectId": stage.project_id, "providerId": stage.provider_id, "location": "local"}
    with pytest.raises(Invalid, match=named):
        await stage.runs.validations.start(
            virtual_user.id, ADA, ValidationRequest.of({**body, **change})
        )


async def test_a_partial_failure_is_counted_as_one(stage: Stage, target: Target) -> None:
    def every_other(_: object) -> Answer:
        return Answer("x", 200 if target.count % 2 else 500)

    target.answers["/flaky"] = every_other
    virtual_user = await stage.virtual_user(request("/flaky", id="a"))
    await stage.validated(virtual_user, iterations=4)
    entry = (await stage.index(virtual_user))["a"]
    assert (entry["success"], entry["total"]) == (2, 4)
    assert len(entry["successTimestamps"]) == len(entry["failedTimestamps"]) == 2
    assert entry["errorCategory"] == "SERVER_ERROR"


async def test_a_used_up_file_ends_the_validation_before_its_last_iteration(
    stage: Stage, target: Target
) -> None:
    await stage.file("one.csv", b"login\nann\n")
    csv = {"@type": "CSVVariable", "filename": "one.csv", "names": [], "encoding": "",
           "delimiter": ",", "recycleOnEOF": False, "stopThreadOnEOF": True, "scope": "SHARED"}  # fmt: skip
    await stage.create("variable", {"name": "accounts", "description": "", "variable": csv})
    virtual_user = await stage.virtual_user(request("/?u=${login}", id="a"))
    result = await stage.validated(virtual_user, iterations=3)
    assert (result["state"], target.count) == ("FINISHED", 1)
    assert "End of file:resources/one.csv detected for CSV DataSet:accounts" in stage.log(
        result["id"]
    )


async def test_a_crash_of_the_engine_is_an_error_with_a_readable_log_and_no_index(
    stage: Stage,
) -> None:
    broken = node("FlowControlContainerAction", request("/"), value="not a number")
    virtual_user = await stage.virtual_user(broken)
    result = await stage.validated(virtual_user)
    assert result["state"] == "ERROR"
    assert await stage.index(virtual_user) == {}
    assert "The load engine failed" in stage.log(result["id"])
    assert "not a number" in stage.log(result["id"])


async def test_a_validation_can_be_stopped(stage: Stage, target: Target) -> None:
    virtual_user = await stage.virtual_user(request("/", id="a"), request("/slow", id="b"))
    asked = ValidationRequest(stage.project_id, stage.provider_id, "local")
    run = await stage.runs.validations.start(virtual_user.id, ADA, asked)
    async with asyncio.timeout(20):
        while target.count < 2:  # noqa: ASYNC110 - the target counts in a thread
            await asyncio.sleep(0.02)
    await stage.runs.stop(run.id, ADA, by="ada@example.com")
    await stage.runs.settled(run.id)
    assert (await stage.result(run.id))["state"] == "ABORTED"
    index = await stage.index(virtual_user)
    assert {action: entry["success"] for action, entry in index.items()} == {"a": 1, "b": 0}


async def test_a_killed_platform_keeps_what_its_validation_had_captured(
    stage: Stage, target: Target, tmp_path: Path
) -> None:
    virtual_user = await stage.virtual_user(request("/", id="a"), request("/slow", id="b"))
    service = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _SERVICE,
        str(tmp_path),
        *(virtual_user.id, stage.project_id, stage.provider_id),
        stdout=asyncio.subprocess.PIPE,
    )
    assert service.stdout is not None
    run_id = (await service.stdout.readline()).decode().strip()
    async with asyncio.timeout(20):
        while target.count < 2:  # noqa: ASYNC110 - the target counts in a thread
            await asyncio.sleep(0.02)
    service.kill()
    await service.wait()
    stage.runs = await stage.other_runs()
    await stage.runs.settled(run_id)
    assert (await stage.result(run_id))["state"] == "ABORTED"
    index = await stage.index(virtual_user)
    assert index["a"]["success"] == 1


_SERVICE = """
import asyncio, sys
from pathlib import Path
from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.engine.runs.runs import Runs
from octoperf_mcp.embedded.engine.validation.run import ValidationRequest
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents

async def main(folder, virtual_user, project, provider):
    database = await Database.open(f"sqlite:///{folder}/octoperf.db")
    documents = Documents(database)
    runs = Runs(settings=EmbeddedSettings(), data_dir=Path(folder), database=database,
                documents=documents, blobs=Blobs(database), metrics=MetricStore(database))
    await runs.open()
    asked = ValidationRequest(project, provider, "local")
    print((await runs.validations.start(virtual_user, "ada", asked)).id, flush=True)
    await asyncio.sleep(600)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_deleted_virtual_user_takes_its_validations_with_it(stage: Stage) -> None:
    virtual_user = await stage.virtual_user(request("/", id="a"))
    await stage.validated(virtual_user)
    await stage.documents.delete("virtual_user", virtual_user.id, user_id=ADA)
    assert await stage.runs.validations.results.latest_run(virtual_user.id) is None
    with pytest.raises(NotFound):
        await stage.index(virtual_user)


async def test_only_the_latest_validations_are_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octoperf_mcp.embedded.engine.validation.validations.KEPT", 1)
    virtual_user = await stage.virtual_user(request("/", id="a"))
    first = await stage.validated(virtual_user)
    second = await stage.validated(virtual_user)
    left = await stage.documents.list("bench_result", user_id=ADA)
    assert [each.id for each in left] == [second["id"]]
    assert not (stage.data_dir / "runs" / first["id"]).exists()
    assert (await stage.index(virtual_user))["a"]["success"] == 1
