"""The last check before a run: within the caps of the machine, against hosts that are confirmed."""

from collections.abc import Callable

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.engine.browsers.tools import browser_faults
from octoperf_mcp.embedded.engine.load.fleet import Fleet, NoFleet
from octoperf_mcp.embedded.engine.runs.scenario_plans import ScenarioPlan
from octoperf_mcp.embedded.engine.wire.reach import Reach
from octoperf_mcp.embedded.failures import Forbidden
from octoperf_mcp.embedded.launch.blockers import Blocker
from octoperf_mcp.embedded.launch.caps import Caps
from octoperf_mcp.embedded.launch.locations import at_locations, browsers_elsewhere, users_here
from octoperf_mcp.embedded.launch.targets import WELL_KNOWN, Target, Targets, targets_of
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.entities.action_types import AddedActions


class Gate:
    """Lets runs through that the operator and the owners of the targets agreed to."""

    def __init__(
        self,
        database: Database,
        settings: EmbeddedSettings,
        fleet: Fleet | None = None,
        actions: Callable[[], AddedActions] = AddedActions,
    ) -> None:
        self.actions = actions
        """What plugins add, as it is now."""
        self._fleet = fleet or NoFleet()
        self._settings = settings
        self.targets = Targets(database, settings)
        self._unconfirmed_users = settings.unconfirmed_users

    @property
    def caps(self) -> Caps:
        """As they are now: what browser users need may be installed at any time."""
        return Caps.of(self._settings)

    def browser_faults(self) -> list[str]:
        """Why users with a real browser cannot run on this machine; empty when they can."""
        return browser_faults(self._settings)

    async def require(self, plan: ScenarioPlan, *, busy: int = 0) -> Reach | None:
        """Refuse a run; else answers where it may go, None: anywhere.

        Args:
            plan: The run.
            busy: Users of the runs under way that may go anywhere: with theirs, the users of this
                one count.

        Raises:
            Forbidden: it exceeds a cap, or sends much load to a host that nobody confirmed.
        """
        found = self.over_caps(plan)
        targets = []
        is_large = plan.user_load + busy > self._unconfirmed_users
        if not found and is_large:
            targets = await self.judged(plan)
            found = self.unconfirmed(plan, targets, busy=busy)
        if found:
            first = found[0]
            details = {key: value for key, value in first.document().items() if key != "message"}
            raise Forbidden(first.message, details=details)
        if not is_large:
            return None
        known = await self.targets.confirmed(plan.scenario.workspace_id)
        pinned = {each.host: each.addresses for each in targets if each.addresses}
        return Reach(self._unconfirmed_users, known, pinned)

    async def judged(self, plan: ScenarioPlan) -> list[Target]:
        """The targets of a run, and who confirmed each."""
        trees = [each.body for each in plan.materials.virtual_users.values()]
        servers = [each.body for each in plan.materials.servers]
        added = plan.materials.actions.addresses(trees)
        found = targets_of(trees, servers, plan.profiles, added)
        return await self.targets.judged(found, plan.scenario.workspace_id)

    def over_caps(self, plan: ScenarioPlan) -> list[Blocker]:
        """The caps that a run exceeds."""
        caps = self.caps
        measured = (
            ("too_many_users", "virtual users", users_here(plan), caps.users),
            ("too_many_browsers", "real-browser users", plan.browser_load, caps.browsers),
            ("too_long", "seconds", -(-plan.duration_ms // 1000), caps.duration_sec),
            ("too_many_profiles", "profiles", len(plan.profiles), caps.profiles),
        )
        found = [
            Blocker(code, f"The run asks for {got:,} {unit}; this platform allows {most:,}.",
                    got, most)
            for code, unit, got, most in measured
            if got > most
        ]  # fmt: skip
        return [*found, *at_locations(plan, self._fleet), *browsers_elsewhere(plan)]

    def unconfirmed(
        self, plan: ScenarioPlan, found: list[Target], *, busy: int = 0
    ) -> list[Blocker]:
        """Hosts that nobody confirmed, for more users than go without; `busy` as in `require`."""
        users = plan.user_load + busy
        if users <= self._unconfirmed_users:
            return []
        others = f", with the {busy:,} of other runs under way," if busy else ""
        workspace = plan.scenario.workspace_id
        return [
            Blocker(
                "unconfirmed_target",
                f"{users:,} virtual users{others} would load {target.host}, which nobody "
                f"confirmed for this workspace; {self._unconfirmed_users:,} may without. An "
                f"administrator confirms it at /ui/workspace/{workspace}/load-target, or its "
                f"owner puts {workspace} into {WELL_KNOWN} there.",
                target.host,
            )
            for target in found
            if not target.confirmed_by
        ]
