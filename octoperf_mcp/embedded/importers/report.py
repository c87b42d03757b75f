"""The report of an import: what was not carried over, or not quite, and why."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from octoperf_mcp.embedded.importers.values import text
from octoperf_mcp.entities.imported import Imported, Note

Json = dict[str, Any]

MAX_ROWS = 200
"""Rows of each kind in a report; the totals count all."""
_SHOWN_REASONS = 8
_LONGEST_SUMMARY = 1_900
"""Descriptions of documents have at most 2,000 characters."""


def report_of(imported: Imported) -> Json:
    """The report as an answer carries it.

    `{carried, dropped: [{path, reason}], droppedTotal, generic, genericTotal, changed,
    changedTotal}`: dropped has no counterpart, generic became a GenericAction, changed behaves
    differently.
    """
    kinds = {
        "dropped": imported.dropped,
        "generic": imported.generic,
        "changed": imported.changed,
    }
    report: Json = {"carried": imported.carried}
    for kind, notes in kinds.items():
        report[kind] = [{"path": one.path, "reason": one.reason} for one in notes[:MAX_ROWS]]
        report[f"{kind}Total"] = len(notes)
    return report


def reasons(notes: Sequence[Note]) -> str:
    """The reasons with their counts, the most frequent first."""
    counted = Counter(one.reason for one in notes).most_common()
    told = [f"{count} x {text(reason)}" for reason, count in counted[:_SHOWN_REASONS]]
    rest = sum(count for _, count in counted[_SHOWN_REASONS:])
    return "; ".join([*told, f"{rest} for other reasons"] if rest else told)


def summary(told: str, imported: Imported) -> str:
    """A description for the virtual user: `told`, then what the report says in short."""
    pieces = [told] if told else []
    for word, notes in (
        ("Left out", imported.dropped),
        ("Kept as generic actions", imported.generic),
        ("Changed", imported.changed),
    ):
        if notes:
            pieces.append(f"{word}: {reasons(notes)}.")
    whole = " ".join(pieces)
    return whole if len(whole) <= _LONGEST_SUMMARY else whole[: _LONGEST_SUMMARY - 1] + "…"
