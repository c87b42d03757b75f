"""What an action of a plugin is given when it is played; the load engine implements it.

    def play(user: ActionUser) -> None:
        with user.sample("SAY", "tcp://" + user.text("host")) as sample:
            connection = user.connect(user.text("host"), 7, read_timeout_ms=2000)
            sample.connected()
            sample.sent(user.text("text"))
            connection.send(user.text("text").encode())
            sample.received(connection.receive())
            connection.close()

One process plays many users at a time: wait by `pause` and `receive`, never by `time.sleep` or
sockets of your own, which would hold up all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from octoperf_mcp.errors import OctoPerfMcpError

Headers = Sequence[tuple[str, str]]


class ActionFailedError(OctoPerfMcpError):
    """The action did not do what it is for: its row is KO, with this message."""

    code = "action_failed"


class ActionServer(Protocol):
    """An HTTP server of the project; time-outs in milliseconds, 0 for the engine's own limit."""

    @property
    def scheme(self) -> str:
        """`http` or `https`."""

    @property
    def hostname(self) -> str:
        """With its variables filled in."""

    @property
    def port(self) -> int:
        """Of TCP."""

    @property
    def connect_timeout_ms(self) -> int:
        """Longest that connecting may take."""

    @property
    def read_timeout_ms(self) -> int:
        """Longest silence."""


class ActionConnection(Protocol):
    """A connection as requests have them: guarded addresses, TLS, bandwidth, static hosts.

    It is closed with its user at the latest. Every method raises `ActionFailedError`, whose
    message names the failure as JMeter does.
    """

    def send(self, data: bytes) -> None:
        """Send all of it."""

    def receive(self, timeout_ms: float | None = None) -> bytes:
        """What comes next; empty when the other side closed.

        Args:
            timeout_ms: Longest wait; None for the connection's read time-out.

        Raises:
            TimeoutError: nothing came in time; the connection can still be used.
        """

    def close(self) -> None:
        """Close it; twice does no harm."""


class ActionSample(Protocol):
    """A row in the making; its time runs from `user.sample(…)` to the end of the block."""

    def connected(self) -> None:
        """A connection was opened: the time so far is its connect time."""

    def sent(self, data: bytes | str, *, headers: Headers = (), size: int | None = None) -> None:
        """What was sent, as a validation shows it; `size` in bytes on the wire."""

    def received(
        self,
        data: bytes | str,
        *,
        code: int = 200,
        message: str = "OK",
        headers: Headers = (),
        content_type: str = "text/plain; charset=utf-8",
        size: int | None = None,
    ) -> None:
        """What came back: extractors and assertions work on it. A code from 400 on is KO."""


class ActionUser(Protocol):
    """A virtual user at an action of a plugin's type."""

    @property
    def action(self) -> Mapping[str, Any]:
        """The action as it is stored, without what stands below it."""

    @property
    def state(self) -> dict[str, Any]:
        """What the plugin keeps for this user, between actions and iterations."""

    @property
    def is_over(self) -> bool:
        """Whether the run, or the user's part in it, is over: begin nothing more."""

    def text(self, name: str, default: str = "") -> str:
        """A property with its `${variables}` filled in; of a kept element, one of JMeter's."""

    def integer(self, name: str, default: int = 0) -> int:
        """The same as a number.

        Raises:
            ActionFailedError: it is none.
        """

    def flag(self, name: str, *, default: bool = False) -> bool:
        """The same as true or false."""

    def render(self, text: str) -> str:
        """Another text with its `${variables}` filled in, one of a list for instance."""

    def file(self, name: str) -> bytes:
        """Content of a project file that the action names.

        Raises:
            ActionFailedError: there is none.
        """

    def server(self) -> ActionServer | None:
        """The server that the property `serverId` names."""

    def variable(self, name: str) -> str | None:
        """Value of a variable now."""

    def set_variable(self, name: str, value: str) -> None:
        """Give a variable a value."""

    def cookies(self, host: str, path: str, *, secure: bool) -> str:
        """The user's cookies for an address, as the header `Cookie` has them; may be empty."""

    def connect(
        self,
        host: str,
        port: int,
        *,
        tls: bool = False,
        connect_timeout_ms: int = 0,
        read_timeout_ms: int = 0,
    ) -> ActionConnection:
        """Open a connection; 0 stands for the engine's own limit.

        Raises:
            ActionFailedError: it did not come about, or the run may not go there.
        """

    def sample(self, method: str = "", url: str = "") -> AbstractContextManager[ActionSample]:
        """A row. What its block raises makes it KO and ends the action."""

    def pause(self, ms: float) -> None:
        """Wait, unless the run ends."""

    def play_children(self) -> None:
        """Play what stands below a container."""

    def at_end(self, close: Callable[[], None], *, of_iteration: bool = False) -> None:
        """Have something called when the user leaves, or at the end of this iteration."""

    def log(self, message: str, *, level: str = "INFO") -> None:
        """Write a line to the run log."""
