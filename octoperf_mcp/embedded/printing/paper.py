"""How a report is put on paper: the `ExportReportConfig` of a `PrintReportTask`.

Its properties and the numbers of rows are those that public clients of the original send
(OctoPerf/octoperf-maven-plugin; a published download script).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from octoperf_mcp.embedded.failures import Invalid

Json = Mapping[str, Any]

ORIENTATIONS: Final = ("portrait", "landscape")
FORMATS: Final = ("A3", "A4", "A5", "Letter", "Legal")
ROWS: Final[Mapping[str, int]] = {
    "StatisticTableReportItem": 20,
    "StatisticTreeReportItem": 20,
    "ErrorsReportItem": 20,
    "ThresholdAlarmReportItem": 20,
    "TextualMonitorReportItem": 5,
    "SynopsisReportItem": 6,
}
"""Most rows of a table, by type of item."""
_SIDES: Final = ("top", "right", "bottom", "left")
_MARGIN: Final = "12mm"
_LENGTH: Final = re.compile(r"\d{1,3}(?:\.\d{1,3})?(?:mm|cm|in|px|pt)")
_SCALES: Final = (0.1, 2.0)
_MOST_ROWS: Final = 500
_LONGEST_COVER: Final = 20_000
_LOCALE, _TIMEZONE = "en-US", "UTC"


@dataclass(frozen=True, slots=True)
class Paper:
    """Checked wishes; `size` and `margin` are values of CSS."""

    size: str
    margin: str
    scale: float
    rows: Mapping[str, int]
    cover_page: str


def paper_of(config: object) -> Paper:
    """Check a config; what it leaves out is as on the original: A4, portrait, no cover page.

    Raises:
        Invalid: a value that is not known, with those that are.
    """
    given = config if config is not None else {}
    if not isinstance(given, Mapping):
        raise Invalid("config is an ExportReportConfig: an object.")
    _only(given, "locale", _LOCALE)
    _only(given, "timezone", _TIMEZONE)
    paper = _one_of(given, "pageFormat", FORMATS, "A4")
    return Paper(
        size=f"{paper} {_one_of(given, 'orientation', ORIENTATIONS, 'portrait')}",
        margin=_margin(given),
        scale=_number(given.get("scale"), "scale", 1.0, *_SCALES),
        rows=_rows(given),
        cover_page=_cover(given),
    )


def _one_of(given: Json, name: str, allowed: tuple[str, ...], default: str) -> str:
    value = given.get(name) or default
    found = {each.lower(): each for each in allowed}.get(str(value).lower())
    if found is None:
        raise Invalid(
            f"{name} is one of {', '.join(allowed)}, not {value!r}.",
            details={"allowed": list(allowed)},
        )
    return found


def _only(given: Json, name: str, value: str) -> None:
    if given.get(name) not in (None, "", value):
        raise Invalid(f"{name} is {value}: reports are printed in no other.")


def _number(value: object, name: str, default: float, low: float, high: float) -> float:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Invalid(f"{name} is a number from {low:g} to {high:g}, not {value!r}.")
    return value


def _margin(given: Json) -> str:
    sides = given.get("pageMargin") or {}
    if not isinstance(sides, Mapping):
        raise Invalid(f"pageMargin has {', '.join(_SIDES)}.")
    lengths = [str(sides.get(side) or _MARGIN) for side in _SIDES]
    for length in lengths:
        if not _LENGTH.fullmatch(length):
            raise Invalid(f"A margin is a length such as 12mm, 1cm or 0.5in, not {length!r}.")
    return " ".join(lengths)


def _rows(given: Json) -> Mapping[str, int]:
    counts = given.get("tablesRowCount") or {}
    if not isinstance(counts, Mapping):
        raise Invalid("tablesRowCount has a number of rows by type of item.")
    own = {
        str(kind): int(_number(count, f"tablesRowCount of {kind}", 0, 1, _MOST_ROWS))
        for kind, count in counts.items()
        if count is not None
    }
    return {**ROWS, **own}


def _cover(given: Json) -> str:
    text = given.get("coverPage") or ""
    if not isinstance(text, str) or len(text) > _LONGEST_COVER:
        raise Invalid(f"coverPage is Markdown of at most {_LONGEST_COVER} characters.")
    return text
