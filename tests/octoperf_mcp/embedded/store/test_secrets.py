"""Secret values: sealed at rest, bound to their workspace."""

import base64
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents
from octoperf_mcp.embedded.store.secrets import KEY_FILE, Secrets
from octoperf_mcp.errors import ConfigError

PLAIN = {"type": "PLAIN", "value": "hünter2"}


def variable(value: Any = PLAIN) -> dict[str, Any]:
    return {"name": "v", "variable": {"@type": "SecretVariable", "value": value, "other": [1]}}


def test_what_is_sealed_can_be_revealed_in_its_workspace(tmp_path: Path) -> None:
    secrets = Secrets.open(tmp_path)
    sealed = secrets.sealed(variable(), "w1")
    assert sealed["variable"]["value"]["type"] == "ENCRYPTED"
    assert "hünter2" not in str(sealed)
    assert secrets.revealed(sealed, "w1") == variable()
    assert secrets.sealed(sealed, "w1") == sealed
    assert secrets.revealed(variable(), "w1") == variable()


def test_a_value_copied_into_another_workspace_cannot_be_opened(tmp_path: Path) -> None:
    secrets = Secrets.open(tmp_path)
    sealed = secrets.sealed(variable(), "w1")
    for attempt in (secrets.revealed, secrets.sealed):
        with pytest.raises(Invalid, match="PLAIN"):
            attempt(sealed, "w2")


@pytest.mark.parametrize("text", ["", "v1.", "v1.AAAA", "not base64 at all", "v1.é"])
def test_a_made_up_value_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Invalid):
        Secrets.open(tmp_path).sealed(variable({"type": "ENCRYPTED", "value": text}), "w1")


def test_the_key_is_kept_and_its_owner_alone_reads_it(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    sealed = Secrets.open(data_dir).sealed(variable(), "w1")
    assert Secrets.open(data_dir).revealed(sealed, "w1") == variable()
    assert (data_dir / KEY_FILE).stat().st_mode & 0o077 == 0
    with pytest.raises(Invalid):
        Secrets.open(tmp_path / "other").revealed(sealed, "w1")


def test_a_configured_key_opens_in_every_directory_and_leaves_no_file(tmp_path: Path) -> None:
    key = base64.b64encode(b"k" * 32).decode()
    sealed = Secrets.open(tmp_path / "a", key).sealed(variable(), "w1")
    assert Secrets.open(tmp_path / "b", key + "\n").revealed(sealed, "w1") == variable()
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_directory_may_become_the_configured_key(tmp_path: Path) -> None:
    sealed = Secrets.open(tmp_path / "a").sealed(variable(), "w1")
    key = (tmp_path / "a" / KEY_FILE).read_text("ascii")
    assert Secrets.open(tmp_path / "b", key).revealed(sealed, "w1") == variable()


@pytest.mark.parametrize("key", ["short", "A" * 43, "é" * 44, base64.b64encode(b"k" * 31).decode()])
def test_a_configured_key_that_is_none_stops_the_start_unseen(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="32 bytes") as refused:
        Secrets.open(tmp_path, key)
    assert key not in str(refused.value)


async def test_a_server_with_another_key_than_the_database_does_not_start(
    database: Database, tmp_path: Path
) -> None:
    first = Secrets.open(tmp_path / "a")
    await first.require_key_of(database)
    await first.require_key_of(database)
    with pytest.raises(ConfigError, match="secrets_key"):
        await Secrets.open(tmp_path / "b").require_key_of(database)


async def test_no_way_into_the_store_keeps_a_plain_secret(
    database: Database, home: Any, tmp_path: Path
) -> None:
    documents = Documents(database, Secrets.open(tmp_path))
    made = await documents.create(
        "variable",
        variable(),
        user_id="ada",
        workspace_id=home.workspace_id,
        project_id=home.project_id,
    )
    replaced = await documents.replace("variable", made.id, variable(), user_id="ada")
    changed = await documents.change("variable", made.id, lambda body: {**body, **variable()})
    for document in (made, replaced, changed):
        assert document.body["variable"]["value"]["type"] == "ENCRYPTED"
