"""What stands against a run at the locations of its profiles."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from octoperf_mcp.embedded.engine.load.fleet import Fleet, Machine
from octoperf_mcp.embedded.engine.load.ramp import peak_users
from octoperf_mcp.embedded.engine.runs.materials import nodes_of
from octoperf_mcp.embedded.engine.runs.scenario_plans import ScenarioPlan
from octoperf_mcp.embedded.launch.blockers import Blocker
from octoperf_mcp.embedded.launch.caps import USERS_PER_MB
from octoperf_mcp.entities.engines import BROWSERS

Place = tuple[str, str]
"""Provider and location."""

_MEETINGS = {
    "RendezVousAction": ("rendezVousName", "rendez-vous"),
    "PutQueueAction": ("queueName", "queue"),
    "PollQueueAction": ("queueName", "queue"),
}


def users_at(plan: ScenarioPlan) -> dict[Place, int]:
    """The most users of each place."""
    found: dict[Place, int] = {}
    for profile in plan.profiles:
        place = _place(profile)
        found[place] = found.get(place, 0) + peak_users(profile["load"])
    return found


def users_here(plan: ScenarioPlan) -> int:
    """The most users at the places of this machine."""
    return sum(users for place, users in users_at(plan).items() if place not in plan.elsewhere)


def at_locations(plan: ScenarioPlan, fleet: Fleet) -> list[Blocker]:
    """Places without a machine or with too small ones, and users who could never meet."""
    found = []
    for place, users in users_at(plan).items():
        if place not in plan.elsewhere:
            continue
        machines = fleet.machines(*place)
        most = sum(machine.memory_mb for machine in machines) * USERS_PER_MB
        if not machines:
            found.append(_empty(plan, place))
        elif users > most:
            found.append(
                Blocker(
                    "too_many_users",
                    f"The run asks for {users:,} virtual users at {place[1]!r}; the "
                    f"{len(machines)} machines there hold {most:,}.",
                    users,
                    most,
                )
            )
        found += _without_plugins(plan, machines)
    return [*found, *_apart(plan)]


def _without_plugins(plan: ScenarioPlan, machines: Iterable[Machine]) -> Iterator[Blocker]:
    actions = plan.materials.actions.messages()
    for machine in machines:
        if lacks := machine.lacks(actions):
            yield Blocker("plugin_missing", lacks, machine.name)


def browsers_elsewhere(plan: ScenarioPlan) -> Iterator[Blocker]:
    """Browsers run on the platform's own machine: their traces and pictures are made there."""
    for profile in plan.profiles:
        player = plan.materials.virtual_users[str(profile["virtualUserId"])].body
        if player.get("type") in BROWSERS and _place(profile) in plan.elsewhere:
            yield Blocker(
                "browser_elsewhere",
                f"{player.get('name')!r} drives a real browser, which runs on the machine of the "
                "platform only: give its profile a location of this machine.",
                profile.get("location"),
            )


def _empty(plan: ScenarioPlan, place: Place) -> Blocker:
    provider_id, location = place
    address = f"/ui/workspace/{plan.scenario.workspace_id}/docker-provider/{provider_id}"
    return Blocker(
        "no_load_generator",
        f"No load generator is connected at location {location!r}: start one there with "
        f"`octoperf-mcp load-generator`; {address} shows the command and who is connected.",
        location,
    )


def _apart(plan: ScenarioPlan) -> Iterator[Blocker]:
    """Meeting points and queues are kept by one generator, so that they join one location only."""
    trees = {each.id: each.body for each in plan.materials.virtual_users.values()}
    places: dict[tuple[str, str], set[Place]] = {}
    for profile in plan.profiles:
        for meeting in _meetings(trees, str(profile.get("virtualUserId"))):
            places.setdefault(meeting, set()).add(_place(profile))
    for (kind, name), where in sorted(places.items()):
        if len(where) > 1:
            yield Blocker(
                "meets_across_locations",
                f"Users at {len(where)} locations share the {kind} {name!r}, which joins users of "
                "one location only: give these profiles one location, or names of their own.",
                name,
            )


def _meetings(trees: Mapping[str, Any], virtual_user_id: str) -> Iterator[tuple[str, str]]:
    waiting, seen = [virtual_user_id], set()
    while waiting:
        each = waiting.pop()
        if each in seen or each not in trees:
            continue
        seen.add(each)
        for node in _enabled(nodes_of(trees[each])):
            if node.get("@type") in _MEETINGS:
                key, kind = _MEETINGS[str(node["@type"])]
                yield kind, str(node.get(key) or node.get("name") or node.get("id"))
            waiting += [str(node["virtualUserId"])] if node.get("virtualUserId") else []


def _enabled(nodes: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (node for node in nodes if node.get("enabled"))


def _place(profile: Mapping[str, Any]) -> Place:
    return str(profile.get("providerId") or ""), str(profile.get("location") or "")
