"""A run at joined machines that could not play it is not started."""

from collections.abc import Sequence
from dataclasses import replace

from octoperf_mcp.embedded.engine.load.fleet import Machine, NoFleet
from octoperf_mcp.embedded.launch.locations import at_locations
from octoperf_mcp.entities.action_types import ActionType, AddedAction, AddedActions
from tests.octoperf_mcp.embedded.launch.test_browsers import planned

SAY = AddedAction(ActionType("AcmeSayAction", "Says.", "acme:say"), "acme", "acme_tools", "1.1")


class Fleet(NoFleet):
    def __init__(self, **plugins: str) -> None:
        self._plugins = plugins

    def machines(self, provider_id: str, location: str) -> Sequence[Machine]:
        there = (provider_id, location) == ("machines", "away")
        return [Machine("m", "box", "h", 4, 8_000, self._plugins)] if there else []


def test_a_machine_without_a_plugin_of_the_run_blocks_it_before_it_starts() -> None:
    plan = planned(("JMETER", "away"))
    plan = replace(plan, materials=replace(plan.materials, actions=AddedActions((SAY,))))
    (blocker,) = at_locations(plan, Fleet(acme_tools="1.0"))
    assert (blocker.code, blocker.got) == ("plugin_missing", "box")
    assert blocker.message.endswith("There: pip install 'acme_tools==1.1', then join again.")
    assert at_locations(plan, Fleet(acme_tools="1.1")) == []
