"""Small values that a bridge keeps for its users."""

import io
from typing import Any

import orjson
import pytest

from octoperf_mcp.embedded.store import kept_values
from octoperf_mcp.embedded.store.schema import now_ms
from tests.octoperf_mcp.embedded.conftest import on_both

PATH = "/users/current/kept-values/k"
BODY = {"value": '{"a": "\\u0000"}', "lifeSec": 60}


@on_both
async def test_a_value_is_kept_replaced_and_dropped_and_a_new_one_does_not_replace_it(
    ada: Any,
) -> None:
    new = {**BODY, "onlyNew": True}
    assert (await ada.call("PUT", PATH, json=new)).status == 204
    assert (await ada.call("PUT", PATH, json=new)).status == 409
    answer = await ada.call("GET", PATH)
    assert (answer.status, await answer.text()) == (200, BODY["value"])
    assert (await ada.call("PUT", PATH, json={**BODY, "value": "other"})).status == 204
    assert await (await ada.call("GET", PATH)).text() == "other"
    for _ in range(2):
        assert (await ada.call("DELETE", PATH)).status == 204
    assert (await ada.call("GET", PATH)).status == 404


async def test_each_user_has_his_own(ada: Any, eve: Any) -> None:
    await ada.call("PUT", PATH, json=BODY)
    assert (await eve.call("GET", PATH)).status == 404
    await eve.call("DELETE", PATH)
    assert (await ada.call("GET", PATH)).status == 200


async def test_a_value_ends_and_its_name_is_free_again(
    ada: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.call("PUT", PATH, json=BODY)
    later = now_ms() + 60_000
    monkeypatch.setattr(kept_values, "now_ms", lambda: later)
    assert (await ada.call("GET", PATH)).status == 404
    assert (await ada.call("PUT", PATH, json={**BODY, "onlyNew": True})).status == 204


async def test_a_user_keeps_so_many_values(ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_values, "MAX_VALUES", 1)
    assert (await ada.call("PUT", PATH, json=BODY)).status == 204
    assert (await ada.call("PUT", PATH + "2", json=BODY)).status == 413


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"value": 1, "lifeSec": 60},
        {"value": "x", "lifeSec": 0},
        {"value": "x", "lifeSec": True},
        {"value": "x" * (1024 * 1024 + 1), "lifeSec": 60},
    ],
)
async def test_what_is_no_value_is_refused(ada: Any, body: dict[str, Any]) -> None:
    sent = io.BytesIO(orjson.dumps(body))
    assert (await ada.call("PUT", PATH, data=sent)).status == 400
    assert (await ada.call("PUT", PATH + "k" * 200, json=BODY)).status == 400
