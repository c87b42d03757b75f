"""WebSockets in a validation and in a load run, each in processes of its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.octoperf_mcp.embedded.engine.players import node
from tests.octoperf_mcp.embedded.engine.stage import ADA, Stage, ramp
from tests.octoperf_mcp.embedded.engine.target import Target
from tests.plugins.octoperf_websocket.site import Site
from tests.plugins.octoperf_websocket.test_playing import ACTIONS, asked, kept, opened

Json = dict[str, Any]


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture
async def stage(tmp_path: Path, site: Site) -> AsyncIterator[Stage]:
    made = await Stage.open(tmp_path, actions=ACTIONS)
    target = Target()
    await made.set_up(target)
    target.close()
    server = site.server()
    del server["id"]
    made.server_id = (await made.create("http_server", server)).id
    yield made
    await made.close()


async def test_a_validation_shows_messages_with_secrets_masked(stage: Stage, site: Site) -> None:
    await stage.create(
        "variable",
        {
            "name": "password",
            "variable": {"@type": "SecretVariable", "value": "hunter-22", "name": "password"},
        },
    )
    extractor = node("RegexpVariableExtractor", id="x", variable="echo", regexp="(HELLO)")
    virtual_user = await stage.virtual_user(
        opened(), asked("hello ${password}", extractor), node("WebSocketCloseAction", id="close")
    )
    result = await stage.validated(virtual_user)
    assert result["state"] == "FINISHED"
    index = await stage.index(virtual_user)
    assert {name: entry["success"] for name, entry in index.items()} == {
        "open": 1,
        "ask": 1,
        "close": 1,
    }
    assert (index["open"]["lastCode"], index["open"]["method"]) == ("101", "GET")
    detail = await stage.runs.validations.detail(virtual_user.id, "ask", ADA, None)
    sent = detail["validationRequest"]["body"]
    assert sent.startswith("hello ")
    assert "hunter-22" not in sent
    assert detail["validationRequest"]["url"] == f"ws://127.0.0.1:{site.port}/echo"
    assert detail["validationResponse"]["body"].startswith("HELLO ")


async def test_a_load_run_counts_actions_and_kept_elements(stage: Stage, site: Site) -> None:
    address = {"server": "127.0.0.1", "port": str(site.port), "path": "/echo"}
    virtual_user = await stage.virtual_user(
        opened(),
        asked("hello"),
        kept("RequestResponseWebSocketSampler", requestData="kept", payloadType="Text"),
        kept("OpenWebSocketSampler", **address),
    )
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(3, 200, 800)))
    result = await stage.played(scenario)
    assert result["state"] == "FINISHED"
    counted = await stage.rows(result["id"])
    names = {"open", "ask", "RequestResponseWebSocketSampler", "OpenWebSocketSampler"}
    assert names <= counted.keys()
    assert min(counted[name] for name in names) > 2
    assert await stage.errors(result["id"]) == []
    assert "is not run by this engine" not in stage.log(result["id"])
