"""Variables of a project at run time: what each sets when a user or an iteration starts."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octoperf_mcp.embedded.engine.play.control import StopUser
from octoperf_mcp.embedded.engine.play.csv_data import EOF, Reader, load_rows
from octoperf_mcp.embedded.engine.texts.java_formats import format_number
from octoperf_mcp.embedded.engine.texts.templates import compile_text, constant

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.play.session import UserSession

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
    shared: dict[Any, Any] = field(default_factory=dict)
    """State of the variables that all users of this generator share, whatever their profile."""
    variable_id: str = ""
    """Of the variable at hand: several CSV variables may have one name."""


@dataclass(slots=True)
class VariableSet:
    """The variables of a profile in one worker."""

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
        name = str(document.get("name") or "")
        own = replace(around, variable_id=str(document.get("id") or name))
        kind(made, name, variable, used, own)
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
    recycle = variable.get("recycleOnEOF") is not False
    stops = bool(variable.get("stopThreadOnEOF"))
    private = variable.get("scope") == "PRIVATE"
    key = ("csv", around.variable_id)
    try:
        rows = around.shared.get(("rows", around.variable_id)) or load_rows(
            dict(variable), around.resources, around.share, around.seed + name
        )
    except (OSError, LookupError) as error:
        around.warn(f"CSV DataSet:{name}: resources/{filename} cannot be read: {error}")
        return
    around.shared["rows", around.variable_id] = rows

    def reader_of(session: "UserSession") -> Reader:
        readers = session.store if private else around.shared
        if key not in readers:
            readers[key] = Reader(rows, recycle=recycle)
        reader: Reader = readers[key]
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
    made: VariableSet, name: str, variable: Variable, _: _Used, around: Surroundings
) -> None:
    first = _whole(variable, "start", 1)
    step = _whole(variable, "increment", 1)
    last = variable.get("end")
    size = None if last is None else max(0, (int(last) - first) // step) + 1 if step else 1
    pattern = str(variable.get("format") or "")
    per_user, resets = bool(variable.get("trackPerUser")), bool(variable.get("resetOnIteration"))
    key = ("counter", around.variable_id)

    def count(session: "UserSession") -> None:
        if per_user:
            position = 0 if resets else session.store.get(key, 0)
            session.store[key] = position + 1
        else:
            position = _next_position(around, key)
        turn = position if size is None else position % size
        session.variables[name] = format_number(first + turn * step, pattern)

    made.per_iteration.append(count)


def _random_variable(
    made: VariableSet, name: str, variable: Variable, _: _Used, around: Surroundings
) -> None:
    low, high = sorted((_whole(variable, "min", 0), _whole(variable, "max", 0)))
    pattern = str(variable.get("format") or "")
    seed = variable.get("seed")
    per_user = bool(variable.get("perUser"))
    key = ("random", around.variable_id)

    def draw(session: "UserSession") -> None:
        sources = session.store if per_user else around.shared
        if key not in sources:
            whose = session.thread_number if per_user else around.share[0]
            own = None if seed is None else f"{seed}/{whose}"
            sources[key] = random.Random(own)  # noqa: S311 - test data
        source: random.Random = sources[key]
        session.variables[name] = format_number(source.randint(low, high), pattern)

    made.per_iteration.append(draw)


def _list_variable(
    made: VariableSet, name: str, variable: Variable, _: _Used, around: Surroundings
) -> None:
    values = [str(value) for value in variable.get("values") or []]
    in_order = variable.get("order") != "RANDOM"
    private = variable.get("scope") == "PRIVATE"
    recycle = variable.get("recycleOnEnd") is not False
    key = ("list", around.variable_id)

    def choose(session: "UserSession") -> None:
        if not values:
            return
        if not in_order:
            session.variables[name] = session.random.choice(values)
            return
        if private:
            position = session.store.get(key, 0)
            session.store[key] = position + 1
        else:
            position = _next_position(around, key)
        ended = position >= len(values) and not recycle
        session.variables[name] = EOF if ended else values[position % len(values)]

    made.per_iteration.append(choose)


def _next_position(around: Surroundings, key: tuple[str, str]) -> int:
    """The next place, from 0, in a sequence that the generators of a location share out.

    Of n generators the one with index i has the places i, i + n, i + 2n and so on, so that no two
    users get the same.
    """
    index, count = around.share
    position: int = around.shared.get(key, index)
    around.shared[key] = position + count
    return position


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
