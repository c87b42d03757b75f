"""The plugin's action, validated and under load in processes of their own."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import Chat

from octoperf_mcp.kit.running import CallFailedError, Platform


def probe(chat: Chat, identity: str, **own: Any) -> dict[str, Any]:
    address = urlsplit(chat.url)
    return {
        "@type": "DeliveryPortAction",
        "id": identity,
        "name": f"Is {identity} there",
        "enabled": True,
        "host": address.hostname,
        "port": str(address.port),
        "children": [],
        **own,
    }


def test_an_action_of_the_plugin_is_checked_validated_and_played(
    platform: Platform, chat: Chat
) -> None:
    with pytest.raises(CallFailedError, match="expected a number from 1, got 0"):
        platform.play(probe(chat, "chat", timeoutMs=0))
    asked = probe(chat, "chat", line="GET /nothing HTTP/1.0")
    asked["children"] = [
        {
            "@type": "RegexpVariableExtractor",
            "id": "code",
            "enabled": True,
            "variable": "code",
            "regexp": r"HTTP/1.. (\d+)",
        }
    ]
    played = platform.play(asked, probe(chat, "nobody", port="9"))
    assert [played.validated[name]["success"] for name in ("chat", "nobody")] == [1, 0]
    assert played.figures["chat"]["ERRORS_TOTAL"] == 0
    assert played.figures["nobody"]["ERRORS_PERCENT"] == 100
    with platform.client() as client:
        judged = client.call("delivery_judge_run", benchResultId=played.bench_result_id)
    _, *checks = judged["checks"]
    assert {check["action"]: check["passed"] for check in checks} == {
        "Is chat there": True,
        "Is nobody there": False,
    }
