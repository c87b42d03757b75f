"""`[notifications]`."""

from dataclasses import dataclass

from octoperf_mcp import Secret, described


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """Who is told of load runs of the embedded platform that ended."""

    webhook_url: Secret = described(
        "Address to which the end of each run is posted; without one, nobody is told. A host that "
        "is not public must be named in [embedded] notify_to.",
        factory=Secret,
    )
    webhook_body: str = described(
        "`slack`: a text with figures and a link, as Slack and Mattermost take it; `json`: the "
        "same as an object.",
        "slack",
        choices=("slack", "json"),
    )
    states: tuple[str, ...] = described(
        "Ends that are told: FINISHED, ABORTED, ERROR.", ("FINISHED", "ABORTED", "ERROR")
    )
