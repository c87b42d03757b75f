"""The two Java formats that functions and variables use: DecimalFormat and SimpleDateFormat."""

import re
from datetime import UTC, datetime, timedelta

_DECIMAL = re.compile(r"[0#][0#,]*(?:\.([0#]+))?")
_DATE_RUNS = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*")
_ISO_DURATION = re.compile(
    r"([+-])?P(?:([+-]?\d+)D)?(?:T(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+(?:\.\d+)?)S)?)?"
)


def format_number(value: int, pattern: str) -> str:
    """A whole number by a DecimalFormat pattern: `000`, `USER_000`, `#,##0`."""
    found = _DECIMAL.search(pattern)
    if not pattern or found is None:
        return str(value)
    digits = found.group().partition(".")[0]
    text = str(abs(value)).rjust(digits.count("0"), "0")
    if "," in digits:
        size = len(digits) - digits.rfind(",") - 1
        head = len(text) % size or size
        groups = [text[:head], *(text[i : i + size] for i in range(head, len(text), size))]
        text = ",".join(groups)
    if found.group(1):
        text += "." + "0" * found.group(1).count("0") if "0" in found.group(1) else ""
    sign = "-" if value < 0 else ""
    return pattern[: found.start()].replace("'", "") + sign + text + pattern[found.end() :]


def format_date(moment: datetime, pattern: str) -> str:
    """A moment by a SimpleDateFormat pattern; letters that are not known stay."""

    def run(found: re.Match[str]) -> str:
        if found.group(1) is not None:
            return found.group(1).replace("''", "'") or "'"
        return _date_field(moment, found.group())

    return _DATE_RUNS.sub(run, pattern)


def _date_field(moment: datetime, run: str) -> str:
    letter, size = run[0], len(run)
    numbers = {
        "d": moment.day,
        "H": moment.hour,
        "k": moment.hour or 24,
        "h": moment.hour % 12 or 12,
        "K": moment.hour % 12,
        "m": moment.minute,
        "s": moment.second,
        "S": moment.microsecond // 1000,
        "D": int(f"{moment:%j}"),
        "w": int(f"{moment:%V}"),
        "u": moment.isoweekday(),
    }
    if letter in numbers:
        return str(numbers[letter]).rjust(size, "0")
    if letter in "yY":
        return f"{moment.year % 100:02d}" if size == 2 else str(moment.year).rjust(size, "0")  # noqa: PLR2004 - yy
    texts = {
        "a": f"{moment:%p}",
        "E": f"{moment:%A}" if size > 3 else f"{moment:%a}",  # noqa: PLR2004 - EEEE is the long name
        "Z": f"{moment:%z}",
        "z": moment.tzname() or "",
        "X": _zone(moment, size),
        "G": "AD",
    }
    if letter in "ML":
        names = {3: f"{moment:%b}", 4: f"{moment:%B}"}
        return names.get(min(size, 4), str(moment.month).rjust(size, "0"))
    return texts.get(letter, run)


def _zone(moment: datetime, size: int) -> str:
    text = f"{moment:%z}"
    if not moment.utcoffset():
        return "Z"
    return {1: text[:3], 2: text}.get(size, text[:3] + ":" + text[3:])


def shifted(moment: datetime, duration: str) -> datetime:
    """A moment moved by an ISO-8601 duration such as `P1DT2H` or `-PT30M`.

    Raises:
        ValueError: it is none.
    """
    found = _ISO_DURATION.fullmatch(duration.strip().upper())
    if found is None:
        raise ValueError(f"{duration!r} is no duration.")
    sign, days, hours, minutes, seconds = found.groups()
    by = timedelta(
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=float(seconds or 0),
    )
    return moment - by if sign == "-" else moment + by


def parse_date(text: str, pattern: str) -> datetime:
    """Read a date by a SimpleDateFormat pattern of plain numbers.

    Raises:
        ValueError: the text does not fit.
    """
    known = {
        "yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSS": "%f",
    }  # fmt: skip

    def run(found: re.Match[str]) -> str:
        if found.group(1) is not None:
            return found.group(1)
        return known.get(found.group(), found.group())

    return datetime.strptime(text, _DATE_RUNS.sub(run, pattern)).replace(tzinfo=UTC)
