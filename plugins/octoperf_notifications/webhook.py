"""What is posted of a run that ended."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from octoperf_mcp import BrokenThreshold, Deliver, EndedRun, Host, SloVerdict, plain_text

_SIGNS: Final = {
    "FINISHED": ":white_check_mark:",
    "ABORTED": ":octagonal_sign:",
    "ERROR": ":x:",
    "pass": ":white_check_mark:",
    "fail": ":x:",
    "not_evaluated": ":warning:",
}
_VERDICTS: Final = {"pass": "kept", "fail": "not kept", "not_evaluated": "not evaluated"}
_ESCAPED: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_APART: Final = "\u200b"
"""A space without width: Mattermost reads `@all` and `[text](address)` in any text."""
_SPECIAL: Final = re.compile(r"[&<>@]|(?<=\])[(\[:]")
_LONGEST: Final = 200
_LONGEST_CAUSE: Final = 600
_MOST_CLAIMS: Final = 5


async def tell(host: Host, run: EndedRun, deliver: Deliver) -> None:
    """Post the end of a run, where an address is configured."""
    settings = host.settings
    if settings.webhook_url and run.state in settings.states:
        body = slack_body(run) if settings.webhook_body == "slack" else json_body(run)
        await deliver(settings.webhook_url.reveal(), body)


def describe(host: Host) -> str:
    """Whom it tells of what; empty where no address is configured."""
    settings = host.settings
    if not settings.webhook_url:
        return ""
    who = "A chat" if settings.webhook_body == "slack" else "A program"
    return (
        f"{who} is told by webhook of each run that ends {', '.join(settings.states)}: duration "
        "(s), users at peak, requests, errors (%), average and p95 response time (ms), requests/s, "
        "why it stopped early, the verdict of slo.toml in the project with what failed, and the "
        "address of the report."
    )


def slack_body(run: EndedRun) -> dict[str, Any]:
    """As incoming webhooks of Slack and Mattermost take it: one text with its `<address|name>`.

    https://docs.slack.dev/messaging/formatting-message-text says which three signs are escaped.
    """
    name = _plain(run.name or "Run")
    linked = f"<{run.report_url}|{name}>" if run.report_url else name
    lines = [f"{_SIGNS.get(run.state, '')} *{linked}* {run.state}".strip()]
    if run.slo is not None:
        lines += _verdict(run.slo)
    lines.append(", ".join(_facts(run)))
    if run.missing:
        lines.append(_plain(run.missing))
    if run.cause:
        early = "Stopped early: " if run.stopped_early else ""
        lines.append(early + _plain(run.cause, _LONGEST_CAUSE))
    lines += [f":warning: {_plain(caveat)}" for caveat in run.caveats]
    return {"text": "\n".join(lines)}


def _plain(text: str, most: int = _LONGEST) -> str:
    """One line that mentions nobody, links nowhere and hides nothing, whatever is in the text."""
    return _SPECIAL.sub(_harmless, plain_text(" ".join(text.split()), most))


def _harmless(sign: re.Match[str]) -> str:
    found = sign[0]
    if found in _ESCAPED:
        return _ESCAPED[found]
    return f"@{_APART}" if found == "@" else f"{_APART}{found}"


def _verdict(slo: SloVerdict) -> Iterator[str]:
    """Whether the SLO was kept, then a line for each threshold that was not."""
    yield f"{_SIGNS[slo.verdict]} *SLO {_VERDICTS[slo.verdict]}* ({slo.file}): {_plain(slo.reason)}"
    for broken in slo.broken[:_MOST_CLAIMS]:
        yield f"• {_claim(broken)}"
    if (left := len(slo.broken) - _MOST_CLAIMS) > 0:
        yield f"• and {left} more"


def _claim(broken: BrokenThreshold) -> str:
    return f"{_plain(broken.name)}: {_plain(broken.reason)}"


def _facts(run: EndedRun) -> Iterator[str]:
    """With their units; none is made up."""
    users, when = run.peak_users, "at peak"
    if users is None:
        users, when = run.user_load, "planned"
    yield f"{users} user{'' if users == 1 else 's'} {when}"
    if run.duration_sec is not None:
        planned = f" of {run.planned_sec:.0f} s" if run.stopped_early and run.planned_sec else ""
        yield f"{run.duration_sec:.0f} s{planned}"
    if run.hits is not None and run.errors is not None:
        rate = "" if run.requests_per_sec is None else f" ({_short(run.requests_per_sec)}/s)"
        yield f"{run.hits} requests{rate}"
        share = "" if run.error_percent is None else f" ({_short(run.error_percent)} %)"
        yield f"{run.errors} errors{share}"
    if run.average_ms is not None and run.p95_ms is not None:
        yield f"average {_short(run.average_ms)} ms"
        yield f"p95 {_short(run.p95_ms)} ms"


def _short(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def json_body(run: EndedRun) -> dict[str, Any]:
    """The run's facts, spelled as the REST API does; times in epoch milliseconds."""
    return {"event": "run.ended", **_camel(asdict(run))}


def _camel(value: Any) -> Any:
    """The same with the names of its objects spelled as in JSON."""
    if isinstance(value, dict):
        return {_spelled(name): _camel(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_camel(each) for each in value]
    return value


def _spelled(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
