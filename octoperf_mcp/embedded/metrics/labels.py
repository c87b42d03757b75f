"""What the ids in the metrics of a run are called: read once from its plan, kept with the run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from octoperf_mcp.entities.steps import split_step
from octoperf_mcp.entities.trees import RESOURCES, action_labels

PATH_SEPARATOR = "⫽"
"""Joins the segments of `actionPath`, as the original joins those of `counterPath`."""


@dataclass(frozen=True, slots=True)
class ActionLabel:
    """Where an action stands in its virtual user."""

    position: int
    """In the order of the plan, from 0, over all virtual users."""
    virtual_user_id: str
    name: str
    path: str
    """Names of the containers it is in, from the first level down, and its own."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Names of virtual users, user profiles and actions; ids stand in for what is not there."""

    virtual_users: Mapping[str, str] = field(default_factory=dict)
    profiles: Sequence[tuple[str, str]] = ()
    """Name and virtual user of each user profile."""
    actions: Mapping[str, ActionLabel] = field(default_factory=dict)

    @classmethod
    def of_plan(
        cls, scenario: Mapping[str, Any], virtual_users: Sequence[Mapping[str, Any]]
    ) -> Self:
        """Read them from the documents as they were when the run started."""
        names = {each["id"]: each.get("name") or each["id"] for each in virtual_users}
        profiles = [
            (
                profile.get("name") or names.get(profile.get("virtualUserId", ""), ""),
                profile.get("virtualUserId", ""),
            )
            for profile in scenario.get("userProfiles") or ()
        ]
        actions: dict[str, ActionLabel] = {}
        for virtual_user in virtual_users:
            paths = dict(_paths(virtual_user, ()))
            for action_id, label in action_labels(virtual_user).items():
                path = PATH_SEPARATOR.join((*paths.get(action_id, ()), label.name))
                actions.setdefault(
                    action_id, ActionLabel(len(actions), virtual_user["id"], label.name, path)
                )
        return cls(names, profiles, actions)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read them from the form that `as_json` gives."""
        return cls(
            kept.get("virtualUsers", {}),
            [(name, virtual_user) for name, virtual_user in kept.get("profiles", ())],
            {
                action_id: ActionLabel(position, *rest)
                for position, (action_id, *rest) in enumerate(kept.get("actions", ()))
            },
        )

    def as_json(self) -> dict[str, Any]:
        """A JSON object, actions in the order of the plan."""
        return {
            "virtualUsers": dict(self.virtual_users),
            "profiles": [list(profile) for profile in self.profiles],
            "actions": [
                [action_id, each.virtual_user_id, each.name, each.path]
                for action_id, each in self.actions.items()
            ],
        }

    def virtual_user_name(self, virtual_user_id: str) -> str:
        """Its name, or its id."""
        return self.virtual_users.get(virtual_user_id, virtual_user_id)

    def profile_name(self, profile: int) -> str:
        """Its name, its virtual user's, or its number from 1."""
        if 0 <= profile < len(self.profiles) and self.profiles[profile][0]:
            return self.profiles[profile][0]
        return str(profile + 1)

    def action_name(self, action_id: str) -> str:
        """Its name, or its id; sub-requests keep their ending, steps of a script their label."""
        owner, ending = _split(action_id)
        known = self.actions.get(owner)
        return (known.name if known else owner) + ending

    def action_path(self, action_id: str) -> str:
        """Its path, or its id; sub-requests keep their ending, steps of a script their label."""
        owner, ending = _split(action_id)
        known = self.actions.get(owner)
        return (known.path if known else owner) + ending

    def depth(self, action_id: str) -> int:
        """In how many others an action is, its virtual user included; 0 for what is not known."""
        owner = action_id.removesuffix(RESOURCES)
        known = self.actions.get(owner)
        inside = known.path.count(PATH_SEPARATOR) + 1 if known else 0
        return inside + (owner != action_id)

    def names(self, action_id: str, virtual_user_id: str = "") -> dict[str, str]:
        """`actionName` and `virtualUserName` for a row, as far as the plan tells."""
        known = self.actions.get(_split(action_id)[0])
        named = {"actionName": self.action_name(action_id)} if known else {}
        owner = virtual_user_id or (known.virtual_user_id if known else "")
        if owner in self.virtual_users:
            named["virtualUserName"] = self.virtual_users[owner]
        return named

    def order(self, action_id: str) -> tuple[int, str]:
        """Sorts rows as the plan has their actions; unknown ones come last."""
        known = self.actions.get(_split(action_id)[0])
        return (known.position if known else len(self.actions), action_id)


def _split(action_id: str) -> tuple[str, str]:
    """Id of the action of a row, and what its name ends in."""
    if action_id.endswith(RESOURCES):
        return action_id.removesuffix(RESOURCES), RESOURCES
    owner, label, _ = split_step(action_id)
    return owner, f" / {label}" if label else ""


def _paths(
    node: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Id of each child and the names of the containers it is in."""
    for child in node.get("children") or ():
        if isinstance(child, Mapping) and isinstance(child.get("id"), str):
            yield child["id"], above
            yield from _paths(child, (*above, str(child.get("name") or child["id"])))
