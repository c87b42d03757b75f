"""HAR recordings (HTTP Archive 1.2, of browsers and proxies) as virtual users.

Each entry of the file becomes one request or is named, with its reason, among the dropped ones.
"""

from dataclasses import replace
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
from octoperf_mcp.embedded.importers.har_requests import action, settled
from octoperf_mcp.embedded.importers.har_sockets import conversation
from octoperf_mcp.embedded.importers.har_split import RECORD_AGAIN, Buffer, SplitHar
from octoperf_mcp.embedded.importers.report import reasons
from octoperf_mcp.embedded.importers.servers import Servers
from octoperf_mcp.entities.imported import Bodies, Imported, Note, new_id

__all__ = ["MAX_ENTRIES", "HarOptions", "import_har"]

Json = dict[str, Any]

MAX_ENTRIES = 20_000
_HEAD_BYTES = 4_096


def import_har(
    data: Buffer, options: HarOptions | None = None, bodies: Bodies | None = None
) -> Imported:
    """Make one virtual user of a recording.

    Args:
        data: The file, UTF-8, a byte-order mark allowed; a large one as a map of its file.
        options: What to make of it; None: the defaults.
        bodies: Takes the recorded bodies; None: new ones in memory.

    Raises:
        ImportFailed: it is no HAR, or none of its entries is a request to repeat.
    """
    options = options or HarOptions()
    source = _split(data)
    result = Imported(blobs=Bodies() if bodies is None else bodies)
    activity, kept, total = _sorted_out(source, options, result)
    placed = with_pauses(kept, activity, options.max_thinktime_ms)
    if not placed:
        raise ImportFailed(
            f"None of the {total} entries is a request to repeat"
            f" ({reasons(result.dropped) or 'the list is empty'}).",
            "Check the options and the containerTimeline, or record the journey again.",
        )
    result.carried = len(placed)
    made = groups(placed, source.log, options)
    servers = Servers(result)
    children = _children(made, servers, result, options)
    result.virtual_users.append(
        {
            "@type": "VirtualUser",
            "id": "",
            "name": options.name or made[0].name,
            "description": _summary(total, len(placed), result.dropped),
            "type": "JMETER",
            "tags": [],
            "children": children,
        }
    )
    return result


def _split(data: Buffer) -> SplitHar:
    """The recording, whose entries are not yet read."""
    head = data[:_HEAD_BYTES]
    if not head.strip() and not data[_HEAD_BYTES:].strip():
        raise ImportFailed("The file is empty.", RECORD_AGAIN)
    if head.startswith(b"PK\x03\x04"):
        raise ImportFailed("The file is a zip archive, not a HAR.", RECORD_AGAIN)
    if head.startswith(b"\x1f\x8b"):
        raise ImportFailed("The file is compressed.", "Send the .har file as it is.")
    source = SplitHar(data)
    if len(source) > MAX_ENTRIES:
        raise ImportFailed(
            f"The recording has {len(source)} entries, more than {MAX_ENTRIES}.",
            "Record a shorter journey, or several.",
        )
    return source


def _sorted_out(
    source: SplitHar, options: HarOptions, result: Imported
) -> tuple[list[Recorded], set[int], int]:
    """Requests that the user waited for, in order, the indexes of those to repeat, all entries.

    What is not repeated keeps its times only, and bodies go to `result` at once: a recording is
    mostly bodies.
    """
    readable = []
    reasons: dict[int, str] = {}
    total = 0
    for index, entry in enumerate(source.entries()):
        total += 1
        one = read(index, entry, sockets=options.sockets)
        if isinstance(one, str):
            reasons[index] = one
        elif reason := left_out(one, options):
            reasons[index] = reason
            readable.append(replace(one, request={}, response={}))
        else:
            readable.append(settled(one, result))
    ordered = in_order(readable)
    started = float("-inf")
    for one in ordered:
        started = started if one.started_ms is None else one.started_ms
        if one.index not in reasons and options.timeline and options.step_at(started) < 0:
            reasons[one.index] = BEFORE_TIMELINE
    result.dropped = [
        Note(f"/log/entries/{index}", reason) for index, reason in sorted(reasons.items())
    ]
    activity = [one for one in ordered if one.index not in reasons or one.is_static()]
    return activity, {one.index for one in ordered} - reasons.keys(), total


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
        one = placed.recorded
        server_id = servers.of(one.url.scheme.upper(), one.host, one.port)
        if one.messages is not None:
            made, note = conversation(one, server_id)
            result.changed.append(Note(f"/log/entries/{one.index}", note))
            if placed.pause_ms and not options.delays:
                made["children"].insert(0, _delay(placed.pause_ms, enabled=True))
            requests.append(made)
            continue
        made = action(one, server_id, result, fetch_resources=not options.keep_resources)
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
