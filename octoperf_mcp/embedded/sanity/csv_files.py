"""Checks of the CSV variables of a project and of their files."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from octoperf_mcp.embedded.engine.runs.mentions import Mentions
from octoperf_mcp.embedded.sanity.messages import ERROR, WARNING, number, objects, row, text

Json = dict[str, Any]

_CONFLICT = "CSVVariable has conflicting column names"
_MAX_BYTES = 16 * 1024 * 1024
_MAX_ROWS = 100_000


def check_csv(
    variables: Sequence[Json], files: Mapping[str, bytes | None], mentioned: Mentions
) -> list[Json]:
    """Rows about all CSV variables.

    Variables belong to the project: what is an ERROR for a virtual user that needs one of the
    columns is a WARNING for all others.

    Args:
        variables: Variables of the project, each a wrapper with `variable`.
        files: Project files by name; None: it exists, its content is not looked at.
        mentioned: What the virtual user mentions.
    """
    wrappers = [
        wrapper
        for wrapper in objects(list(variables))
        if isinstance(wrapper.get("variable"), dict)
        and text(wrapper["variable"].get("@type")) == "CSVVariable"
    ]
    rows = []
    taken: dict[str, str] = {}
    shared = Counter(_filename(wrapper) for wrapper in wrappers)
    for wrapper in wrappers:
        about = {"variableId": text(wrapper.get("id"))}
        found = [
            *_conflicts(wrapper, taken),
            *_file(wrapper, files),
            *_policy(wrapper),
            *_shared(wrapper, shared),
        ]
        worst = ERROR if _is_needed(wrapper, mentioned) else WARNING
        rows += [
            row(worst if level == ERROR else level, message, **about) for level, message in found
        ]
    return rows


def _is_needed(wrapper: Json, mentioned: Mentions) -> bool:
    """Whether a column is mentioned; without a list of them, any variable may be one."""
    columns = [name for name in _columns(wrapper["variable"]) if name]
    return any(map(mentioned.need, columns)) if columns else mentioned.need_any()


def _filename(wrapper: Json) -> str:
    return text(wrapper["variable"].get("filename"))


def _label(wrapper: Json) -> str:
    return text(wrapper.get("name"))[:80] or _filename(wrapper)[:200]


def _columns(variable: Json) -> list[str]:
    names = variable.get("names")
    return [text(name) for name in names] if isinstance(names, list) else []


def _conflicts(wrapper: Json, taken: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Columns that an earlier variable has; `taken` is column to label, and is filled here."""
    label = _label(wrapper)
    columns = [name for name in _columns(wrapper["variable"]) if name]
    for name in dict.fromkeys(columns):
        if name in taken:
            yield ERROR, f"{_CONFLICT}: {name[:80]} of {label} is also a column of {taken[name]}"
        elif columns.count(name) > 1:
            yield ERROR, f"{_CONFLICT}: {label} has {name[:80]} twice"
        taken.setdefault(name, label)


def _policy(wrapper: Json) -> Iterator[tuple[str, str]]:
    variable = wrapper["variable"]
    if variable.get("stopThreadOnEOF") is True and variable.get("recycleOnEOF") is not True:
        label = _label(wrapper)
        yield WARNING, f"End Of Value Policy is 'Stop VU': the test ends with the lines of {label}"


def _shared(wrapper: Json, shared: Counter[str]) -> Iterator[tuple[str, str]]:
    filename = _filename(wrapper)
    if filename and shared[filename] > 1:
        used = f"File {filename[:200]} is used by multiple csv variables."
        yield WARNING, f"{used} This can lead to unpredictable behavior."


def _file(wrapper: Json, files: Mapping[str, bytes | None]) -> Iterator[tuple[str, str]]:
    filename = _filename(wrapper)
    if filename not in files:
        yield ERROR, f"A file is missing for CSV variable {_label(wrapper)}: {filename[:200]}"
        return
    data = files[filename]
    if data is None or len(data) > _MAX_BYTES:
        return
    counts = _counts(wrapper["variable"], data)
    columns = _columns(wrapper["variable"])
    header_taken = 1 if not columns or wrapper["variable"].get("ignoreFirstLine") is True else 0
    offset = abs(int(number(wrapper["variable"].get("offset")) or 0))
    if len(counts) <= header_taken + offset:
        label = _label(wrapper)
        yield WARNING, f"Empty file for CSVVariable {label}: {filename[:200]} has no line to use"
        return
    expected = len(columns) or counts[0]
    odd = sum(count != expected for count in counts[header_taken + offset :])
    if odd:
        lines = f"{odd} lines in file '{filename[:200]}'"
        yield WARNING, f"{lines} have inconsistent column counts (expected: {expected})"


def _counts(variable: Json, data: bytes) -> list[int]:
    """Number of fields of each line that is not blank."""
    lines = _decoded(data, text(variable.get("encoding"))).splitlines()
    lines = [line for line in lines if line.strip()][:_MAX_ROWS]
    delimiter = variable.get("delimiter")
    delimiter = delimiter if isinstance(delimiter, str) and delimiter else ","
    delimiter = delimiter.replace("\\t", "\t")
    if variable.get("allowQuotedData") is True and len(delimiter) == 1 and delimiter != '"':
        try:
            return [len(fields) for fields in csv.reader(lines, delimiter=delimiter)]
        except (csv.Error, ValueError, TypeError):
            pass
    return [line.count(delimiter) + 1 for line in lines]


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding or "utf-8-sig", "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8-sig", "replace")
