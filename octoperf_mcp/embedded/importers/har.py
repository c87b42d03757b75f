"""HAR recordings (HTTP Archive 1.2, of browsers and proxies) as virtual users.

Each entry of the file becomes one request or is named, with its reason, among the dropped ones.
"""

from typing import Any

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.har_containers import (
    BEFORE_TIMELINE,
    Group,
    groups,
    in_order,
    with_pauses,
)
from octoperf_mcp.embedded.importers.har_entries import Recorded, left_out, read
from octoperf_mcp.embedded.importers.har_options import HarOptions
from octoperf_mcp.embedded.importers.har_requests import action
from octoperf_mcp.embedded.importers.imported import Bodies, Imported, Note, new_id
from octoperf_mcp.embedded.importers.report import reasons
from octoperf_mcp.embedded.importers.servers import Servers
from octoperf_mcp.embedded.importers.values import mapping, parse

__all__ = ["MAX_ENTRIES", "HarOptions", "import_har"]

Json = dict[str, Any]

MAX_ENTRIES = 20_000
_RECORD_AGAIN = (
    "Record again and export a HAR with its contents, as one .har file"
    " (in Playwright: recordHar with content `embed`)."
)


def import_har(
    data: bytes, options: HarOptions | None = None, bodies: Bodies | None = None
) -> Imported:
    """Make one virtual user of a recording.

    Args:
        data: The file, UTF-8, a byte-order mark allowed.
        options: What to make of it; None: the defaults.
        bodies: Takes the recorded bodies; None: new ones in memory.

    Raises:
        ImportFailed: it is no HAR, or none of its entries is a request to repeat.
    """
    options = options or HarOptions()
    log = _log(data)
    result = Imported(blobs=Bodies() if bodies is None else bodies)
    activity, kept = _sorted_out(log["entries"], options, result)
    placed = with_pauses(kept, activity, options.max_thinktime_ms)
    if not placed:
        raise ImportFailed(
            f"None of the {len(log['entries'])} entries is a request to repeat"
            f" ({reasons(result.dropped) or 'the list is empty'}).",
            "Check the options and the containerTimeline, or record the journey again.",
        )
    result.carried = len(placed)
    made = groups(placed, log, options)
    servers = Servers(result)
    children = _children(made, servers, result, options)
    result.virtual_users.append(
        {
            "@type": "VirtualUser",
            "id": "",
            "name": options.name or made[0].name,
            "description": _summary(len(log["entries"]), len(placed), result.dropped),
            "type": "JMETER",
            "tags": [],
            "children": children,
        }
    )
    return result


def _log(data: bytes) -> Json:
    """The `log` object, whose `entries` is a list."""
    if not data.strip():
        raise ImportFailed("The file is empty.", _RECORD_AGAIN)
    if data.startswith(b"PK\x03\x04"):
        raise ImportFailed("The file is a zip archive, not a HAR.", _RECORD_AGAIN)
    if data.startswith(b"\x1f\x8b"):
        raise ImportFailed("The file is compressed.", "Send the .har file as it is.")
    log = mapping(mapping(parse(data, "The file")).get("log"))
    if not isinstance(log.get("entries"), list):
        raise ImportFailed("The file is JSON but no HAR: it has no log.entries.", _RECORD_AGAIN)
    if len(log["entries"]) > MAX_ENTRIES:
        raise ImportFailed(
            f"The recording has {len(log['entries'])} entries, more than {MAX_ENTRIES}.",
            "Record a shorter journey, or several.",
        )
    return log


def _sorted_out(
    entries: list[Any], options: HarOptions, result: Imported
) -> tuple[list[Recorded], set[int]]:
    """Requests that the user waited for, in order, and the indexes of those to repeat."""
    readable = []
    reasons: dict[int, str] = {}
    for index, entry in enumerate(entries):
        one = read(index, entry)
        if isinstance(one, str):
            reasons[index] = one
        else:
            readable.append(one)
    ordered = in_order(readable)
    started = float("-inf")
    for one in ordered:
        started = started if one.started_ms is None else one.started_ms
        if reason := left_out(one, options):
            reasons[one.index] = reason
        elif options.timeline and options.step_at(started) < 0:
            reasons[one.index] = BEFORE_TIMELINE
    result.dropped = [
        Note(f"/log/entries/{index}", reason) for index, reason in sorted(reasons.items())
    ]
    activity = [one for one in ordered if one.index not in reasons or one.is_static()]
    return activity, {one.index for one in ordered} - reasons.keys()


def _children(
    made: list[Group], servers: Servers, result: Imported, options: HarOptions
) -> list[Json]:
    children: list[Json] = []
    for group in made:
        pause_ms = group.requests[0].pause_ms
        if options.delays and children and pause_ms:
            children.append(_delay(pause_ms, enabled=group.enabled))
        children.append(_container(group, servers, result, options))
    return children


def _container(group: Group, servers: Servers, result: Imported, options: HarOptions) -> Json:
    requests = []
    for placed in group.requests:
        made = action(
            placed.recorded,
            servers.of(
                placed.recorded.url.scheme.upper(), placed.recorded.host, placed.recorded.port
            ),
            result,
            fetch_resources=not options.keep_resources,
        )
        if placed.pause_ms and not options.delays:
            made["thinktime"] = _constant(placed.pause_ms)
        requests.append(made)
    return {
        "@type": "ContainerAction",
        "id": new_id(),
        "name": group.name,
        "description": "",
        "enabled": group.enabled,
        "generateSample": True,
        "children": requests,
    }


def _constant(pause_ms: int) -> Json:
    return {"@type": "ThinktimeConstant", "value": pause_ms}


def _delay(pause_ms: int, *, enabled: bool) -> Json:
    return {
        "@type": "ThinktimeAction",
        "id": new_id(),
        "name": f"Pause of {pause_ms} ms",
        "description": "",
        "enabled": enabled,
        "thinktime": _constant(pause_ms),
    }


def _summary(total: int, imported: int, dropped: list[Note]) -> str:
    """The description of the virtual user: what of the recording it holds."""
    told = f"{imported} of {total} recorded requests."
    return f"{told} Left out: {reasons(dropped)}." if dropped else told
