"""Plays a tree in this process and keeps what it reports."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from gevent.event import Event

from octoperf_mcp.embedded.engine.actions.compiler import Options
from octoperf_mcp.embedded.engine.play.profiles import Materials, Role, compile_program
from octoperf_mcp.embedded.engine.play.session import Outcome, Seat, UserSession
from octoperf_mcp.embedded.engine.wire.transport import Addresses

Json = dict[str, Any]


class Notes:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.lines: list[str] = []

    def outcome(self, session: UserSession, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def log(self, session: UserSession, message: str, *, level: str = "INFO") -> None:
        self.lines.append(f"{level} {message}")


class Player:
    """One user of one tree; `play()` runs an iteration and answers its outcomes."""

    made: ClassVar[list["Player"]] = []
    """Those of the present test; a fixture closes them."""

    def __init__(
        self,
        children: Sequence[Json],
        *,
        servers: Sequence[Json] = (),
        variables: Sequence[Json] = (),
        resources: Path = Path("/nonexistent"),
        options: Options | None = None,
        share: tuple[int, int] = (0, 1),
        trees: Sequence[Json] = (),
        thread_number: int = 1,
        shared: dict[Any, Any] | None = None,
        actions: Sequence[Json] = (),
    ) -> None:
        Player.made.append(self)
        self.users: list[UserSession] = []
        self.notes = Notes()
        self.halt = Event()
        tree = {"@type": "VirtualUser", "id": "vu", "children": list(children)}
        self.materials = Materials(
            {"vu": tree, **{each["id"]: each for each in trees}},
            servers,
            variables,
            resources,
            "run",
            share,
            {} if shared is None else shared,
            actions=actions,
        )
        self.program = compile_program(
            Role("Users", 0, "vu"),
            self.materials,
            options or Options(),
            self.notes.lines.append,
        )
        self.session = self.user(thread_number)

    def user(self, thread_number: int = 1, deadline: float | None = None) -> UserSession:
        """Another user of the same program."""
        seat = Seat(thread_number, self.notes, Addresses(), self.halt, {"env": "test"}, deadline)
        self.users.append(UserSession(self.program, seat))
        return self.users[-1]

    def close(self) -> None:
        """Close the connections of all users."""
        for user in self.users:
            user.close()

    def play(self, iterations: int = 1) -> list[Outcome]:
        """Run iterations; what they reported."""
        self.notes.outcomes.clear()
        for _ in range(iterations):
            self.session.run_iteration()
        return list(self.notes.outcomes)

    @property
    def variables(self) -> dict[str, str]:
        """Of the user."""
        return self.session.variables


def request(path: str = "/", **more: Any) -> Json:
    """An HttpRequestAction."""
    return {
        "@type": "HttpRequestAction",
        "id": more.pop("id", path),
        "name": path,
        "enabled": True,
        "serverId": "srv",
        "method": "GET",
        "path": path,
        "parameters": [],
        "headers": [],
        "children": [],
        **more,
    }


def node(kind: str, *children: Json, **more: Any) -> Json:
    """Another enabled action."""
    return {
        "@type": kind,
        "id": more.pop("id", kind),
        "name": kind,
        "enabled": True,
        "children": list(children),
        **more,
    }


def variable(kind: str, name: str, **more: Any) -> Json:
    """A document of kind variable."""
    return {"id": name, "name": name, "variable": {"@type": kind, **more}}
