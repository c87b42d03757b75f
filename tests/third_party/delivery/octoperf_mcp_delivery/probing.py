"""The action `DeliveryPortAction`: is something deployed there, and how fast does it answer?"""

from octoperf_mcp import ActionType, ActionUser

PORT = ActionType(
    "DeliveryPortAction",
    "Connects to a port, says a line if there is one to say, and waits for what comes back.",
    "octoperf_mcp_delivery.probing:probe",
    {
        "host": {"type": "string", "minLength": 1},
        "port": {"type": "string", "description": "A number, or ${variables}."},
        "line": {"type": "string"},
        "timeoutMs": {"type": "integer", "minimum": 1},
    },
    ("host", "port"),
    reaches=("host:port",),
)


def probe(user: ActionUser) -> None:
    """Connect, say the line, wait for an answer to it."""
    host, port, line = user.text("host"), user.integer("port"), user.text("line")
    wait_ms = user.integer("timeoutMs", 2000)
    with user.sample("CONNECT", f"tcp://{host}:{port}") as sample:
        connection = user.connect(host, port, connect_timeout_ms=wait_ms, read_timeout_ms=wait_ms)
        sample.connected()
        if line:
            data = f"{line}\r\n\r\n".encode()
            sample.sent(data)
            connection.send(data)
        sample.received(connection.receive() if line else "open")
        connection.close()
