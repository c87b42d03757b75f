"""What is posted of a run that ended."""

from dataclasses import asdict
from typing import Any

from octoperf_mcp import Deliver, EndedRun, Host

_SIGNS = {"FINISHED": ":white_check_mark:", "ABORTED": ":octagonal_sign:", "ERROR": ":x:"}
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


async def tell(host: Host, run: EndedRun, deliver: Deliver) -> None:
    """Post the end of a run, where an address is configured."""
    settings = host.settings
    if settings.webhook_url and run.state in settings.states:
        body = slack_body(run) if settings.webhook_body == "slack" else json_body(run)
        await deliver(settings.webhook_url.reveal(), body)


def slack_body(run: EndedRun) -> dict[str, Any]:
    """As incoming webhooks of Slack take it: one text with its `<address|name>` link.

    https://docs.slack.dev/messaging/formatting-message-text says which three signs are escaped.
    """
    name = (run.name or "Run").translate(_ESCAPED)
    linked = f"<{run.report_url}|{name}>" if run.report_url else name
    lines = [f"{_SIGNS.get(run.state, '')} *{linked}* {run.state}".strip()]
    if facts := _facts(run):
        lines.append(", ".join(facts))
    if run.cause:
        lines.append(run.cause.translate(_ESCAPED))
    return {"text": "\n".join(lines)}


def _facts(run: EndedRun) -> list[str]:
    facts = [f"{run.user_load} user{'' if run.user_load == 1 else 's'}"]
    if run.started_at:
        facts.append(f"{round((run.ended_at - run.started_at) / 1000)} s")
    if run.hits is not None and run.errors is not None:
        share = f" ({run.errors * 100 / run.hits:.2g} %)" if run.hits else ""
        facts += [f"{run.hits} requests", f"{run.errors} errors{share}"]
    return facts


def json_body(run: EndedRun) -> dict[str, Any]:
    """The run's facts, spelled as the REST API does; times in epoch milliseconds."""
    return {"event": "run.ended", **{_camel(name): value for name, value in asdict(run).items()}}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
