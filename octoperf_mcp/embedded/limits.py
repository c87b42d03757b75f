"""What a CI token may do at most: areas, one workspace, so much load."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from octoperf_mcp.embedded.failures import Forbidden

AREAS: Mapping[str, tuple[str, ...]] = {
    "import": ("/imports/", "/design/imports/"),
    "edit": ("/design/", "/tasks"),
    "validation": ("/runtime/validations/", "/runtime/bench-results/stop/"),
    "bench": ("/runtime/scenarios", "/runtime/scheduled-jobs", "/runtime/bench-results/"),
    "analysis": ("/analysis/",),
}
"""Areas and the beginnings of the REST paths that change something there; reading is for all."""

_PEOPLE = ("/workspaces", "/users/api-key")
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one token.

    Args:
        areas: Where it may change and start things; empty for everywhere.
        workspace_id: The only workspace it sees; "" for all of the user's.
        most_users: Most virtual users of a run; 0 for any number.
        most_minutes: Longest planned duration of a run; 0 for any.
        runs_per_day: Most runs started within 24 hours; 0 for any number.
    """

    areas: tuple[str, ...] = ()
    workspace_id: str = ""
    most_users: int = 0
    most_minutes: int = 0
    runs_per_day: int = 0

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Limits":
        """From what `document` made."""
        return cls(**{**document, "areas": tuple(document["areas"])})

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def check_change(self, path: str) -> None:
        """Check that something may be changed or started at a REST path.

        Raises:
            Forbidden: it lies in no area of the token, or is about people.
        """
        if path.startswith(_PEOPLE):
            raise Forbidden("A CI token may not change workspaces, members or accounts.")
        if self.areas and not path.startswith(
            tuple(start for area in self.areas for start in AREAS[area])
        ):
            raise Forbidden(
                f"This CI token may change things only in: {', '.join(self.areas)}.",
                details={"allowed": list(self.areas), "next": "Make a token with this area."},
            )

    def check_load(self, users: int, duration_ms: int) -> None:
        """Check the plan of a run.

        Raises:
            Forbidden: more virtual users or a longer duration than the token's budget.
        """
        if self.most_users and users > self.most_users:
            raise over_budget(f"{users} virtual users", users, self.most_users, "virtual users")
        minutes = duration_ms / _MINUTE_MS
        if self.most_minutes and minutes > self.most_minutes:
            raise over_budget(f"{minutes:g} minutes", minutes, self.most_minutes, "minutes a run")

    def check_runs(self, started: int) -> None:
        """Check that one more run may start.

        Args:
            started: Runs within the last 24 hours.

        Raises:
            Forbidden: the budget of the day is spent.
        """
        if self.runs_per_day and started >= self.runs_per_day:
            asked = f"run {started + 1} within 24 hours"
            raise over_budget(asked, started + 1, self.runs_per_day, "runs a day")

    def in_words(self) -> list[str]:
        """What is limited, one phrase each."""
        phrases = {
            f"areas {', '.join(self.areas)}": self.areas,
            f"workspace {self.workspace_id}": self.workspace_id,
            f"{self.most_users} virtual users": self.most_users,
            f"{self.most_minutes} minutes a run": self.most_minutes,
            f"{self.runs_per_day} runs a day": self.runs_per_day,
        }
        return [phrase for phrase, is_limited in phrases.items() if is_limited]


def over_budget(asked: str, got: float, allowed: int, unit: str) -> Forbidden:
    """The refusal of a run that asks for too much."""
    return Forbidden(
        f"The run asks for {asked}; the load budget of this CI token allows {allowed} {unit}.",
        details={
            "got": got,
            "allowed": allowed,
            "next": "Lower the load of the scenario, or use a token with a larger budget.",
        },
    )
