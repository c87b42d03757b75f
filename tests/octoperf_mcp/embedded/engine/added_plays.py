"""Actions of an imaginary plugin, as processes that play import them."""

import time

from octoperf_mcp import ActionFailedError, ActionType, ActionUser
from octoperf_mcp.entities.action_types import AddedAction, AddedActions

_OWN = {
    "host": {"type": "string"},
    "port": {"type": "string"},
    "words": {"type": "string"},
    "serverId": {"type": "string"},
}


def say(user: ActionUser) -> None:
    """Say words to a line server and record what it answers."""
    server = user.server()
    host = server.hostname if server else user.text("host")
    port = server.port if server else user.integer("port")
    with user.sample("SAY", f"say://{host}:{port}") as sample:
        line = user.connect(host, port, read_timeout_ms=5000)
        sample.connected()
        sample.sent(user.text("words"))
        line.send(user.text("words").encode() + b"\n")
        sample.received(line.receive(), content_type="text/plain")
        line.close()
    user.state["said"] = user.state.get("said", 0) + 1
    user.set_variable("said", str(user.state["said"]))


def crash(user: ActionUser) -> None:
    """Fail outside of any row."""
    raise ZeroDivisionError(f"by {user.text('words')}")


def fail(user: ActionUser) -> None:
    """Fail within a row."""
    with user.sample("FAIL", "say://x"):
        raise ActionFailedError("nobody listens")


def hang(user: ActionUser) -> None:
    """Wait for what never comes."""
    with user.sample("HANG", "say://x"):
        user.connect(user.text("host"), user.integer("port")).receive()


def block(user: ActionUser) -> None:
    """Hold up the whole process, which no action may do."""
    with user.sample("BLOCK", "say://x"):
        time.sleep(600)


def twice(user: ActionUser) -> None:
    """Play what is below two times."""
    user.play_children()
    user.play_children()


def leave(user: ActionUser) -> None:
    """Note the ends of iteration and user."""
    user.at_end(lambda: user.log("iteration over"), of_iteration=True)
    user.at_end(lambda: user.log("user over"))
    with user.sample("LEAVE", "say://x") as sample:
        sample.received("bye")


def actions(*, distribution: str = "octoperf_mcp", version: str = "") -> AddedActions:
    """All of them."""
    made = [
        ActionType(
            f"Acme{name.capitalize()}Action",
            f"Can {name}.",
            f"{__name__}:{name}",
            _OWN,
            container=name == "twice",
            classes=("com.acme.jmeter.SaySampler",) if name == "say" else (),
            reaches=("host:port",),
        )
        for name in ("say", "crash", "fail", "hang", "block", "twice", "leave", "nowhere")
    ]
    return AddedActions(tuple(AddedAction(one, "acme", distribution, version) for one in made))
