"""The plugin's action, validated and under load in processes of their own."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import Chat

from octoperf_mcp.kit.running import CallFailedError, Client, Platform

MOST_POLLS = 20


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


def until_over(client: Client, run_id: str) -> dict[str, Any]:
    for _ in range(MOST_POLLS):
        run: dict[str, Any] = client.call("get_bench_result", benchResultId=run_id, waitSec=25)
        if run["finished"]:
            return run
    raise AssertionError("the run did not end")


def test_an_action_of_the_plugin_is_checked_validated_and_played(
    platform: Platform, chat: Chat
) -> None:
    with platform.client() as client:
        project = {"projectId": platform.project_id}
        made = client.call("import_urls_virtual_user", urls=[chat.url], **project)
        user = {"virtualUserId": made["id"]}
        wrong = probe(chat, "chat", timeoutMs=0)
        patch = [{"op": "replace", "path": "/children", "value": [wrong]}]
        with pytest.raises(CallFailedError, match="expected a number from 1, got 0"):
            client.call("patch_virtual_user", patch=patch, **user)
        asked = probe(chat, "chat", line="GET /nothing HTTP/1.0")
        extractor = {
            "@type": "RegexpVariableExtractor",
            "id": "code",
            "enabled": True,
            "variable": "code",
            "regexp": r"HTTP/1.. (\d+)",
        }
        asked["children"] = [extractor]
        nobody = probe(chat, "nobody", port="9")
        patch = [{"op": "replace", "path": "/children", "value": [asked, nobody]}]
        client.call("patch_virtual_user", patch=patch, **user)

        (provider,) = client.call(
            "list_docker_providers_by_workspace", workspaceId=platform.workspace_id
        )["dockerProviders"]
        place = {"providerId": provider["id"], "location": provider["locations"][0]}
        started = client.call("validate_virtual_user", **user, **project, **place)
        assert until_over(client, started["benchResultId"])["state"] == "FINISHED"
        rows = client.call("get_virtual_user_validation_index", **user)["actions"]
        found = {row["actionId"]: row for row in rows}
        assert (found["chat"]["success"], found["nobody"]["success"]) == (1, 0)

        scenario = client.call(
            "create_scenario_ramp_up",
            scenarioName="Probes",
            virtualUserIds=[user["virtualUserId"]],
            providerId=place["providerId"],
            locations=[place["location"]],
            users=1,
            rampUpSec=0,
            holdForSec=1,
            **project,
        )
        started = client.call("run_scenario", scenarioId=scenario["id"])
        (run_id,) = started["benchResultIds"]
        assert until_over(client, run_id)["state"] == "FINISHED"
        _, *checks = client.call("delivery_judge_run", benchResultId=run_id)["checks"]
        judged = {check["action"]: check["passed"] for check in checks}
        assert judged == {"Is chat there": True, "Is nobody there": False}
