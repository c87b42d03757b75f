"""Where users with a real browser may run: on the platform's machine, and not for strangers."""

from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.app import close_platform, open_platform
from octoperf_mcp.embedded.engine.browsers import tools
from octoperf_mcp.embedded.engine.load.fleet import NoFleet
from octoperf_mcp.embedded.engine.runs.materials import ProjectMaterials
from octoperf_mcp.embedded.engine.runs.scenario_plans import ScenarioPlan
from octoperf_mcp.embedded.launch.locations import at_locations, browsers_elsewhere
from octoperf_mcp.embedded.store.documents import Document

LOAD = {"@type": "UserProfileLoadRampUp", "delayMs": 0, "rampUpMs": 0, "plateauMs": 1}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runner and browser, as far as the caps can tell."""
    monkeypatch.setattr(tools, "missing", lambda *_: [])


def document(kind: str, document_id: str, body: dict[str, Any]) -> Document:
    return Document(kind, document_id, "w", "p", 1, body)


def planned(*profiles: tuple[str, str]) -> ScenarioPlan:
    """Profiles of a virtual user type at a location; `away` is one of joined machines."""
    kinds = dict.fromkeys(kind for kind, _ in profiles)
    trees = {
        kind: document("virtual_user", kind, {"name": f"a {kind}", "type": kind}) for kind in kinds
    }
    listed = [
        {
            "virtualUserId": kind,
            "providerId": "machines",
            "location": location,
            "load": {**LOAD, "plateauVus": 1},
        }
        for kind, location in profiles
    ]
    held = ProjectMaterials(document("project", "p", {}), trees, [], [], [])
    elsewhere = frozenset({("machines", "away")})
    return ScenarioPlan(document("scenario", "s", {}), held, listed, elsewhere=elsewhere)


@pytest.mark.parametrize("kind", ["PLAYWRIGHT", "WEB_DRIVER"])
def test_a_browser_user_at_joined_machines_blocks_the_run(kind: str) -> None:
    plan = planned((kind, "here"), ("JMETER", "away"), (kind, "away"))
    (blocker,) = browsers_elsewhere(plan)
    assert (blocker.code, blocker.got) == ("browser_elsewhere", "away")
    assert f"'a {kind}' drives a real browser" in blocker.message
    assert "give its profile a location of this machine" in blocker.message
    assert {each.code for each in at_locations(plan, NoFleet())} == {"no_load_generator"}


def test_browser_users_here_and_other_users_anywhere_do_not() -> None:
    assert list(browsers_elsewhere(planned(("PLAYWRIGHT", "here"), ("JMETER", "away")))) == []


@pytest.mark.parametrize(
    ("origin", "most", "allowed"),
    [
        ("https://load.example.com", -1, 0),
        ("https://load.example.com", 3, 3),
        ("https://load.example.com", 0, 0),
        ("http://127.0.0.1:8091", 2, 2),
        ("http://127.0.0.1:8091", 0, 0),
    ],
)
async def test_browsers_are_off_at_a_public_address_until_somebody_says_how_many(
    tmp_path: Path, origin: str, most: int, allowed: int
) -> None:
    settings = EmbeddedSettings(most_browsers=most)
    platform, _ = await open_platform(settings, data_dir=tmp_path, origin=origin)
    try:
        gate = platform.runs.gate
        assert gate.caps.browsers == allowed
        assert gate.browser_faults() == ([] if allowed else [tools.SWITCHED_OFF])
    finally:
        await close_platform(platform)


async def test_browsers_are_on_at_home(tmp_path: Path) -> None:
    origin = "http://localhost:8091"
    platform, _ = await open_platform(EmbeddedSettings(), data_dir=tmp_path, origin=origin)
    try:
        assert platform.runs.gate.caps.browsers >= 1
    finally:
        await close_platform(platform)
