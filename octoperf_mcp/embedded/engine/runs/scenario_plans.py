"""From a scenario to what its run needs; refuses what cannot run, with a helpful sentence."""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from octoperf_mcp.embedded.engine.load.engine import LoadPlan
from octoperf_mcp.embedded.engine.load.ramp import LoadError, duration_ms, peak_users
from octoperf_mcp.embedded.engine.processes.order import profile_name
from octoperf_mcp.embedded.engine.runs import materials as collecting
from octoperf_mcp.embedded.engine.runs.directory import RunDirectory
from octoperf_mcp.embedded.engine.runs.materials import ProjectMaterials
from octoperf_mcp.embedded.engine.wire.reach import Reach
from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.sanity.check import sanity_check
from octoperf_mcp.embedded.store.documents import Document, Documents
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.entities.action_types import NO_ADDED_ACTIONS, AddedActions
from octoperf_mcp.entities.engines import BROWSERS

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ScenarioPlan:
    """A scenario that can run, with what it plays."""

    scenario: Document
    materials: ProjectMaterials
    profiles: list[Json]
    reach: Reach | None = None
    """Where the run may go, as the gate says; None: anywhere."""
    elsewhere: frozenset[tuple[str, str]] = frozenset()
    """Provider and location of the places that only other machines are at."""
    template: Mapping[str, Any] | None = None
    """The report template that lays its report out; None: as usual."""

    @property
    def fingerprint(self) -> str:
        """Changes with every edit of what the run plays."""
        held = self.materials
        parts = (*held.virtual_users.values(), *held.servers, *held.variables)
        versions = [f"{each.kind} {each.id} {each.version}" for each in (self.scenario, *parts)]
        files = [f"file {each.name} {each.blob_key}" for each in held.files]
        return hashlib.sha256("\n".join(sorted(versions + files)).encode()).hexdigest()

    @property
    def duration_ms(self) -> int:
        """The longest profile, delays included."""
        return max(duration_ms(profile["load"]) for profile in self.profiles)

    @property
    def browser_load(self) -> int:
        """The peaks of the profiles whose users drive a real browser."""
        users = self.materials.virtual_users
        return sum(
            peak_users(profile["load"])
            for profile in self.profiles
            if users[str(profile["virtualUserId"])].body.get("type") in BROWSERS
        )

    @property
    def user_load(self) -> int:
        """The peaks of all profiles, added up."""
        return sum(peak_users(profile["load"]) for profile in self.profiles)


async def check_scenario(
    documents: Documents,
    files: ProjectFiles,
    scenario: Document,
    user_id: str,
    browser_faults: Sequence[str] = (),
    *,
    actions: AddedActions = NO_ADDED_ACTIONS,
) -> ScenarioPlan:
    """Check that a scenario can run, and collect what it plays.

    `browser_faults` say why users with a real browser cannot run on this machine, if they cannot;
    `actions` are those that plugins add.

    Raises:
        Invalid: a profile names what there is not, or has an impossible load.
    """
    profiles = scenario.body.get("userProfiles") or []
    if not profiles:
        raise Invalid("The scenario has no user profile.")
    elsewhere = set()
    for index, profile in enumerate(profiles):
        place = f"userProfiles[{index}] ({profile_name(profile, index)!r})"
        try:
            duration_ms(profile.get("load") or {})
        except LoadError as error:
            raise Invalid(f"{place}: {error}") from error
        try:
            provider = await collecting.require_location(
                documents,
                provider_id=str(profile.get("providerId") or ""),
                location=str(profile.get("location") or ""),
                workspace_id=scenario.workspace_id,
                user_id=user_id,
            )
        except Invalid as error:
            raise Invalid(f"{place}: {error.message}", details=error.details) from error
        if provider.workspace_id:
            elsewhere.add((provider.id, str(profile["location"])))
    found = await collecting.collect(
        documents,
        files,
        project_id=scenario.project_id,
        virtual_user_ids=[each for profile in profiles for each in _played_by(profile)],
        user_id=user_id,
        actions=actions,
    )
    names = {file.name: None for file in await files.of_project(scenario.project_id)}
    await asyncio.to_thread(_require_sane, found, names, browser_faults)
    return ScenarioPlan(scenario, found, profiles, elsewhere=frozenset(elsewhere))


def _require_sane(
    found: ProjectMaterials, files: Mapping[str, None], browser_faults: Sequence[str]
) -> None:
    """Refuse what cannot run as it is: the errors of the sanity check.

    Raises:
        Invalid: there are some; the message says which.
    """
    trees = {each.id: each.body for each in found.virtual_users.values()}
    errors: dict[str, Json] = {}
    for virtual_user_id, tree in trees.items():
        rows = sanity_check(
            tree,
            [each.body for each in found.servers],
            [each.body for each in found.variables],
            files,
            {key: other for key, other in trees.items() if key != virtual_user_id},
            browser_faults=browser_faults,
            added=found.actions,
        )
        errors |= {str(row["message"]): row for row in rows if row["level"] == "ERROR"}
    if errors:
        raise Invalid(
            f"The sanity check found {len(errors)} errors: {'; '.join(errors)}",
            details={"messages": list(errors.values())},
        )


def _played_by(profile: Json) -> Iterator[str]:
    """Ids of the virtual users of a profile, with those of its set-up and tear-down."""
    yield str(profile.get("virtualUserId") or "")
    settings = (profile.get("engine") or {}).get("settings") or {}
    for which in ("setUp", "tearDown"):
        if settings.get(which):
            yield str(settings[which].get("virtualUserId") or "")


async def load_plan(
    plan: ScenarioPlan,
    directory: RunDirectory,
    properties: Mapping[str, str],
    *,
    documents: Documents,
    files: ProjectFiles,
    workers: int,
    browser: Mapping[str, str],
) -> LoadPlan:
    """What the engine plays: secrets opened, project files put in place."""
    found = plan.materials
    await collecting.place_files(files, found, directory.resources)
    merged: dict[str, str] = {}
    for profile in plan.profiles:
        own = ((profile.get("engine") or {}).get("properties") or {}).get("map") or {}
        merged |= {str(name): str(value) for name, value in own.items()}
    return LoadPlan(
        run_id=directory.run_id,
        directory=directory.path,
        profiles=plan.profiles,
        virtual_users={
            each.id: collecting.slim(each.body, keep_status=False)
            for each in found.virtual_users.values()
        },
        servers=collecting.revealed(documents, found.servers),
        variables=collecting.revealed(documents, found.variables),
        properties={**merged, **properties},
        workers=workers,
        browser=browser,
        reach=plan.reach,
        elsewhere=plan.elsewhere,
        actions=found.actions.messages(),
    )
