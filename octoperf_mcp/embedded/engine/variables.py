"""Variables of a project at run time: what each sets when a user or an iteration starts."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octoperf_mcp.embedded.engine.control import StopUser
from octoperf_mcp.embedded.engine.csv_data import EOF, Reader, load_rows
from octoperf_mcp.embedded.engine.java_formats import format_number
from octoperf_mcp.embedded.engine.templates import compile_text, constant

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.session import UserSession

Variable = Mapping[str, Any]
OnIteration = Callable[["UserSession"], None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What variables need to know of the run."""

    resources: Path
    share: tuple[int, int] = (0, 1)
    """Index of this generator, and how many there are."""
    seed: str = ""
    warn: Callable[[str], None] = lambda _: None
    """Takes a line for the run log."""


@dataclass(slots=True)
class VariableSet:
    """The variables of a run in one worker; counters and shared files live here."""

    constants: list[OnIteration] = field(default_factory=list)
    """Run once when a user starts."""
    per_iteration: list[OnIteration] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    """Values that no log, error or capture may show."""


def compile_variables(
    documents: Sequence[Mapping[str, Any]], used: Callable[[str], bool], around: Surroundings
) -> VariableSet:
    """Prepare the variables of a project.

    Args:
        documents: Documents of kind variable.
        used: Whether the virtual user mentions a name; files of unused variables are not read.
        around: Facts of the run.
    """
    made = VariableSet()
    for document in documents:
        variable = document.get("variable") or {}
        kind = _KINDS.get(str(variable.get("@type")))
        if kind is None:
            around.warn(f"Variable {document.get('name')!r}: {variable.get('@type')} does not run.")
            continue
        kind(made, str(document.get("name") or ""), variable, used, around)
    return made


def secret_value(variable: Variable) -> str:
    """The text of a SecretVariable, whose value is a text or {type, value}."""
    value = variable.get("value")
    return str(value.get("value") or "") if isinstance(value, Mapping) else str(value or "")


_Used = Callable[[str], bool]


def _constant_variable(
    made: VariableSet, name: str, variable: Variable, _: _Used, __: Surroundings
) -> None:
    template = compile_text(str(variable.get("value") or ""))

    def start(session: "UserSession") -> None:
        session.variables[name] = template.render(session)

    made.constants.append(start)


def _secret_variable(
    made: VariableSet, name: str, variable: Variable, _: _Used, __: Surroundings
) -> None:
    template = constant(secret_value(variable))
    made.secrets.append(template.constant or "")

    def start(session: "UserSession") -> None:
        session.variables[name] = template.render(session)

    made.constants.append(start)


def _csv_variable(
    made: VariableSet, name: str, variable: Variable, used: _Used, around: Surroundings
) -> None:
    columns = variable.get("names") or []
    if columns and not any(used(str(column)) for column in columns):
        return
    filename = str(variable.get("filename") or "")
    try:
        rows = load_rows(dict(variable), around.resources, around.share, around.seed + name)
    except (OSError, LookupError) as error:
        around.warn(f"CSV DataSet:{name}: resources/{filename} cannot be read: {error}")
        return
    recycle = variable.get("recycleOnEOF") is not False
    stops = bool(variable.get("stopThreadOnEOF"))
    shared = Reader(rows, recycle=recycle)
    private = variable.get("scope") == "PRIVATE"

    def reader_of(session: "UserSession") -> Reader:
        if not private:
            return shared
        key = ("csv", name)
        if key not in session.store:
            session.store[key] = Reader(rows, recycle=recycle)
        reader: Reader = session.store[key]
        return reader

    def next_row(session: "UserSession") -> None:
        reader = reader_of(session)
        row = reader.next()
        if row is None and stops:
            session.log(
                f"End of file:resources/{filename} detected for CSV DataSet:{name} "
                "configured with stopThread:true, recycle:false"
            )
            raise StopUser
        session.variables.update(row if row is not None else reader.ended())

    made.per_iteration.append(next_row)


def _counter_variable(
    made: VariableSet, name: str, variable: Variable, _: _Used, __: Surroundings
) -> None:
    first = _whole(variable, "start", 1)
    last = variable.get("end")
    step = _whole(variable, "increment", 1)
    pattern = str(variable.get("format") or "")
    per_user, resets = bool(variable.get("trackPerUser")), bool(variable.get("resetOnIteration"))
    shared: dict[Any, Any] = {}

    def count(session: "UserSession") -> None:
        state = session.store if per_user else shared
        key = ("counter", name)
        value = first if resets and per_user else state.get(key, first)
        if last is not None and value > int(last):
            value = first
        state[key] = value + step
        session.variables[name] = format_number(value, pattern)

    made.per_iteration.append(count)


def _random_variable(
    made: VariableSet, name: str, variable: Variable, _: _Used, around: Surroundings
) -> None:
    low, high = sorted((_whole(variable, "min", 0), _whole(variable, "max", 0)))
    pattern = str(variable.get("format") or "")
    seed = variable.get("seed")
    per_user = bool(variable.get("perUser"))
    shared = random.Random(None if seed is None else f"{seed}/{around.share[0]}")  # noqa: S311 - test data

    def draw(session: "UserSession") -> None:
        source = shared
        if per_user:
            key = ("random", name)
            if key not in session.store:
                own = None if seed is None else f"{seed}/{session.thread_number}"
                session.store[key] = random.Random(own)  # noqa: S311 - test data
            source = session.store[key]
        session.variables[name] = format_number(source.randint(low, high), pattern)

    made.per_iteration.append(draw)


def _list_variable(
    made: VariableSet, name: str, variable: Variable, _: _Used, __: Surroundings
) -> None:
    values = [str(value) for value in variable.get("values") or []]
    in_order = variable.get("order") != "RANDOM"
    private = variable.get("scope") == "PRIVATE"
    recycle = variable.get("recycleOnEnd") is not False
    shared: dict[Any, Any] = {}

    def choose(session: "UserSession") -> None:
        if not values:
            return
        if not in_order:
            session.variables[name] = session.random.choice(values)
            return
        state = session.store if private else shared
        position = state.get(("list", name), 0)
        state["list", name] = position + 1
        ended = position >= len(values) and not recycle
        session.variables[name] = EOF if ended else values[position % len(values)]

    made.per_iteration.append(choose)


def _whole(variable: Variable, key: str, default: int) -> int:
    value = variable.get(key)
    return default if value is None or value == "" else int(value)


_KINDS: dict[str, Callable[[VariableSet, str, Variable, _Used, Surroundings], None]] = {
    "ConstantVariable": _constant_variable,
    "SecretVariable": _secret_variable,
    "CSVVariable": _csv_variable,
    "CounterVariable": _counter_variable,
    "RandomVariable": _random_variable,
    "ListVariable": _list_variable,
}
