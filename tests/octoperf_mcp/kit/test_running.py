"""What the kit gives to tests of plugins: clients that read and answer, files, played actions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from octoperf_mcp.errors import ConfigError
from octoperf_mcp.kit.running import CallFailedError, Client, Platform, running


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running(tmp_path_factory.mktemp("kit"), [], {"embedded": {"most_users": 3}}) as server:
        yield server


def a_virtual_user(client: Client, platform: Platform) -> str:
    made = client.call(
        "import_urls_virtual_user", projectId=platform.project_id, urls=["http://127.0.0.1:9/"]
    )
    return str(made["id"])


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_a_person_is_asked_where_a_test_brings_one(platform: Platform, era: str) -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "decline" if len(asked) == 1 else "accept"

    with platform.client(era, answer=answer) as client:
        user_id = a_virtual_user(client, platform)
        with pytest.raises(CallFailedError, match="did not agree"):
            client.call("delete_virtual_user", virtualUserId=user_id)
        client.call("delete_virtual_user", virtualUserId=user_id)
    assert len(asked) == 2
    assert "127.0.0.1" in asked[0]


def test_without_a_person_nobody_is_asked(platform: Platform) -> None:
    with platform.client() as client:
        client.call("delete_virtual_user", virtualUserId=a_virtual_user(client, platform))


def test_what_can_be_read_is_read(platform: Platform) -> None:
    with platform.client() as client:
        assert "octoperf://schema/vu" in client.resources()
        assert '"$schema"' in str(client.read("octoperf://schema/vu"))
        name = "list_workspaces"
        assert name in client.prompts()
        assert name in client.prompt(name)
    assert platform.public("AGENTS.md").startswith("#")
    with pytest.raises(LookupError, match=r"no public file 'none\.md'"):
        platform.public("none.md")


def test_a_failure_within_a_client_is_the_failure_itself(platform: Platform) -> None:
    with pytest.raises(CallFailedError, match="no-such-id"), platform.client() as client:
        client.call("get_virtual_user", virtualUserId="no-such-id")


def test_a_file_is_imported_or_refused_with_the_reason(platform: Platform) -> None:
    with pytest.raises(CallFailedError) as caught:
        platform.imported("har", b"no recording", "shop.har")
    assert caught.value.answer["status"] == 400
    with pytest.raises(CallFailedError, match="There is no such import"):
        platform.imported("acme", b"")


def container(identity: str) -> dict[str, Any]:
    shown = {"name": "Empty", "enabled": True, "children": []}
    return {"@type": "ContainerAction", "id": identity, **shown}


def test_actions_are_validated_and_played(platform: Platform) -> None:
    played = platform.play(container("c"))
    assert played.virtual_user_id
    assert (played.validated, played.figures) == ({}, {})
    with pytest.raises(CallFailedError, match="/children/0/@type"):
        platform.play({**container("c"), "@type": "AcmeSayAction"})


def test_settings_of_the_server_stand_beside_those_of_the_kit(platform: Platform) -> None:
    with pytest.raises(CallFailedError, match="this platform allows 3"):
        platform.play(container("c"), users=4)


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        ({"embeded": {}}, r"no section \[embeded\]; did you mean 'embedded'\?"),
        ({"embedded": {"most_user": 3}}, r"no key 'most_user'; did you mean 'most_users'\?"),
    ],
)
def test_settings_that_there_are_not_are_refused(
    tmp_path: Path, sections: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason), running(tmp_path, [], sections):
        pass


def test_its_log_is_that_of_the_standard_library(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    assert platform.origin.startswith("http://127.0.0.1:")
    structlog.get_logger("acme").warning("acme_spoke", token="hide me")
    (record,) = [one for one in caplog.records if "acme_spoke" in one.getMessage()]
    assert "hide me" not in record.getMessage()
