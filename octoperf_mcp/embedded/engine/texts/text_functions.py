"""More functions for texts: those of JMeter and its plugins that work on texts, dates and files."""

import hashlib
import platform
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from octoperf_mcp.embedded.engine.texts.java_formats import format_date, parse_date

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.play.session import UserSession

Arguments = Sequence[str]
Function = Callable[["UserSession", Arguments], str]

_HASHES = {"MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512"}
_REGEXP_CHARACTERS = re.compile(r"([\\.^$*+?()\[\]{}|/-])")
_DATE = "yyyy-MM-dd"


def kept(session: "UserSession", arguments: Arguments, index: int, value: str) -> str:
    """Put the value into the variable that argument `index` names, if there is one."""
    name = arguments[index] if index < len(arguments) else ""
    if name:
        session.variables[name] = value
    return value


def _eval(session: "UserSession", arguments: Arguments) -> str:
    from octoperf_mcp.embedded.engine.texts.templates import compile_text  # noqa: PLC0415 - knows us

    return compile_text(arguments[0]).render(session)


def _eval_variable(session: "UserSession", arguments: Arguments) -> str:
    return _eval(session, [session.variables[arguments[0]]])


def _split(session: "UserSession", arguments: Arguments) -> str:
    """Parts of a text as `name_1`, `name_2` …, their number as `name_n`; answers the text."""
    text, name = arguments[0], arguments[1]
    parts = text.split(arguments[2] if len(arguments) > 2 and arguments[2] else ",")  # noqa: PLR2004 - the third
    session.variables[name] = text
    session.variables[f"{name}_n"] = str(len(parts))
    for number, part in enumerate(parts, 1):
        session.variables[f"{name}_{number}"] = part or "?"
    session.variables.pop(f"{name}_{len(parts) + 1}", None)
    return text


def _digest(session: "UserSession", arguments: Arguments) -> str:
    """`__digest(algorithm, text, salt, upper, variable)`."""
    algorithm = arguments[0].upper()
    if algorithm not in _HASHES:
        raise ValueError(algorithm)
    salt = arguments[2] if len(arguments) > 2 else ""  # noqa: PLR2004 - the third
    text = (arguments[1] + salt).encode()
    value = hashlib.new(algorithm.replace("-", ""), text, usedforsecurity=False).hexdigest()
    if len(arguments) > 3 and arguments[3].lower() == "true":  # noqa: PLR2004 - the fourth
        value = value.upper()
    return kept(session, arguments, 4, value)


def _random_date(session: "UserSession", arguments: Arguments) -> str:
    """`__RandomDate(format, from, to, locale, variable)`; the last day is not drawn."""
    pattern = arguments[0] or _DATE
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = parse_date(arguments[1], pattern) if arguments[1] else now
    days = (parse_date(arguments[2], pattern) - begin).days
    value = format_date(begin + timedelta(days=session.random.randrange(days)), pattern)
    return kept(session, arguments, 4, value)


def _date_time_convert(session: "UserSession", arguments: Arguments) -> str:
    """`__dateTimeConvert(text, from, to, variable)`; without `from` the text is epoch ms."""
    text, source, wanted = arguments[0], arguments[1], arguments[2]
    moment = parse_date(text, source) if source else _moment(text)
    return kept(session, arguments, 3, format_date(moment, wanted))


def _moment(epoch_ms: str) -> datetime:
    return datetime.fromtimestamp(int(epoch_ms) / 1000, UTC)


def _random_variable(session: "UserSession", arguments: Arguments) -> str:
    """`__RandomFromMultipleVars(a|b, variable)`: of variables, or of all matches of each."""
    values = []
    for name in arguments[0].split("|"):
        count = int(session.variables.get(f"{name}_matchNr") or 0)
        if count:
            values += [session.variables[f"{name}_{number}"] for number in range(1, count + 1)]
        elif name in session.variables:
            values.append(session.variables[name])
    return kept(session, arguments, 1, session.random.choice(values) if values else "")


def _log(session: "UserSession", arguments: Arguments) -> str:
    """`__log(text, level)`: writes it to the run log and answers it."""
    level = arguments[1].upper() if len(arguments) > 1 and arguments[1] else "INFO"
    if level not in {"OUT", "ERR"}:
        session.log(arguments[0], level=level)
    return arguments[0]


def _log_only(session: "UserSession", arguments: Arguments) -> str:
    _log(session, arguments)
    return ""


def _file(session: "UserSession", arguments: Arguments) -> str:
    """`__FileToString(name, encoding, variable)`: a project file, read once by a generator."""
    return kept(session, arguments, 2, _content(session, arguments))


def _content(session: "UserSession", arguments: Arguments) -> str:
    name = Path(arguments[0]).name
    key = ("file", name)
    if key not in session.program.shared:
        encoding = arguments[1] if len(arguments) > 1 and arguments[1] else "utf-8"
        try:
            text = (session.program.resources / name).read_text(encoding=encoding, errors="replace")
        except (OSError, LookupError) as error:
            session.log(f"resources/{name} cannot be read: {error}", level="ERROR")
            text = "**ERR**"
        session.program.shared[key] = text
    return str(session.program.shared[key])


def _line(session: "UserSession", arguments: Arguments) -> str:
    """`__StringFromFile(name, variable)`: the next line of a project file, from the top again."""
    lines = _content(session, arguments[:1]).splitlines() or [""]
    key = ("line", Path(arguments[0]).name)
    position = session.program.shared.get(key, 0)
    session.program.shared[key] = position + 1
    return kept(session, arguments, 1, lines[position % len(lines)])


def _substring(session: "UserSession", arguments: Arguments) -> str:
    return kept(session, arguments, 3, arguments[0][int(arguments[1]) : int(arguments[2])])


def _replace(session: "UserSession", arguments: Arguments) -> str:
    text, pattern, value = arguments[:3]
    return kept(session, arguments, 3, re.sub(pattern, value.replace("$", "\\"), text))


def _if(session: "UserSession", arguments: Arguments) -> str:
    value = arguments[2] if arguments[0] == arguments[1] else arguments[3]
    return kept(session, arguments, 4, value)


def _double_sum(session: "UserSession", arguments: Arguments) -> str:
    *numbers, last = arguments
    try:
        return str(sum(float(number) for number in arguments))
    except ValueError:
        total = str(sum(float(number) for number in numbers))
        session.variables[last] = total
        return total


TEXT_FUNCTIONS: dict[str, Function] = {
    "__eval": _eval,
    "__evalVar": _eval_variable,
    "__split": _split,
    "__char": lambda _, arguments: "".join(chr(int(each, 0)) for each in arguments),
    "__digest": _digest,
    "__MD5": lambda session, arguments: _digest(session, ["MD5", arguments[0]]),
    "__RandomDate": _random_date,
    "__RandomFromMultipleVars": _random_variable,
    "__dateTimeConvert": _date_time_convert,
    "__escapeOroRegexpChars": lambda session, arguments: kept(
        session, arguments, 1, _REGEXP_CHARACTERS.sub(r"\\\1", arguments[0])
    ),
    "__isDefined": lambda session, arguments: "1" if arguments[0] in session.variables else "0",
    "__log": _log,
    "__logn": _log_only,
    "__machineName": lambda session, arguments: kept(session, arguments, 0, platform.node()),
    "__TestPlanName": lambda session, _: session.profile_name,
    "__FileToString": _file,
    "__StringFromFile": _line,
    "__strLen": lambda session, arguments: kept(session, arguments, 1, str(len(arguments[0]))),
    "__substring": _substring,
    "__strReplaceRegex": _replace,
    "__strReplace": lambda session, arguments: kept(
        session, arguments, 3, arguments[0].replace(arguments[1], arguments[2])
    ),
    "__uppercase": lambda session, arguments: kept(session, arguments, 1, arguments[0].upper()),
    "__lowercase": lambda session, arguments: kept(session, arguments, 1, arguments[0].lower()),
    "__if": _if,
    "__doubleSum": _double_sum,
}
