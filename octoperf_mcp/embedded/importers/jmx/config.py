"""Configuration of a plan that the platform keeps for the whole project: variables."""

from collections.abc import Callable
from typing import Any

from octoperf_mcp.embedded.importers.jmx.known import Known, argument_pairs
from octoperf_mcp.embedded.importers.jmx.ledger import Ledger
from octoperf_mcp.embedded.importers.jmx.plan import Element
from octoperf_mcp.embedded.importers.jmx.posts import file_name
from octoperf_mcp.embedded.importers.nodes import short

Json = dict[str, Any]

_USER_SHARES = {"shareMode.thread": "PRIVATE", "shareMode.group": "SHARED", "": "SHARED"}
_USER_SHARES["shareMode.all"] = "SHARED"
_DELIMITERS = {"": ",", "\\t": "\t"}


class Variables:
    """The variables of one plan, by name; a later one of the same name wins."""

    def __init__(self, known: Known, ledger: Ledger) -> None:
        self._known = known
        self._ledger = ledger
        self._made: dict[str, Json] = {}

    def constants(self, element: Element, pairs: list[tuple[str, str]]) -> None:
        """User defined variables of the test plan or of a configuration element."""
        for name, value in pairs:
            if name in self._known.variables and self._known.variables[name] != value:
                self._ledger.change(element, f"the variable {name[:80]} is defined twice")
            self._known.variables[name] = value
            self._add(name, {"@type": "ConstantVariable", "value": value}, element)

    def element(self, element: Element) -> bool:
        """Take a configuration element if it is a variable."""
        make = _KINDS.get(element.kind)
        if make is None:
            return False
        if not element.enabled:
            self._ledger.drop(element, "disabled in the plan")
        elif isinstance(made := make(element, self._known), str):
            self._ledger.drop(element, made)
        else:
            name, variable = made
            self._ledger.carry(element)
            self._add(name, variable, element)
            if variable["@type"] == "CSVVariable":
                reason = f"needs the project file {variable['filename'][:200]}"
                self._ledger.change(element, reason)
        return True

    def documents(self) -> list[Json]:
        """All of them."""
        return list(self._made.values())

    def _add(self, name: str, variable: Json, element: Element) -> None:
        described = short(element.path)
        label_only = variable["@type"] == "CSVVariable"
        self._made[f"{len(self._made)} {name}" if label_only else name] = {
            "name": short(name),
            "description": described,
            "variable": variable,
        }
        if short(name) != name and not label_only:
            self._ledger.change(element, f"the variable {name[:80]} has a name that is too long")


Made = tuple[str, Json] | str
"""The name and the variable, or why there is none."""


def _csv(element: Element, known: Known) -> Made:
    filename = file_name(known.resolved(element.text("filename").strip()))
    if not filename:
        return "names no file"
    delimiter = element.text("delimiter")
    share = element.text("shareMode")
    names = [name.strip() for name in element.text("variableNames").split(",")]
    encoding = known.resolved(element.text("fileEncoding"))
    label = element.name or filename
    return label, {
        "@type": "CSVVariable",
        "filename": filename,
        "encoding": "" if "${" in encoding else encoding,
        "delimiter": _DELIMITERS.get(delimiter, delimiter),
        "allowQuotedData": element.flag("quotedData"),
        "recycleOnEOF": element.flag("recycle", default=True),
        "stopThreadOnEOF": element.flag("stopThread"),
        "scope": _USER_SHARES.get(share, "SHARED"),
        "names": [name for name in names if name],
        "shuffle": False,
        "ignoreFirstLine": element.flag("ignoreFirstLine"),
        "offset": 0,
    }


def _counter(element: Element, known: Known) -> Made:
    name = element.text("CounterConfig.name").strip()
    numbers = {}
    for key, source, default in (
        ("start", "CounterConfig.start", 0),
        ("end", "CounterConfig.end", None),
        ("increment", "CounterConfig.incr", 1),
    ):
        written = element.text(source)
        number = known.whole_number(written) if written else default
        if written and number is None:
            return f"{source} is no number: {written[:40]}"
        numbers[key] = number
    if not name:
        return "names no variable"
    return name, {
        "@type": "CounterVariable",
        **numbers,
        "format": element.text("CounterConfig.format"),
        "trackPerUser": element.flag("CounterConfig.per_user"),
        "resetOnIteration": element.flag("CounterConfig.reset_on_tg_iteration"),
    }


def _random(element: Element, known: Known) -> Made:
    name = element.text("variableName").strip()
    low = known.whole_number(element.text("minimumValue") or "1")
    high = known.whole_number(element.text("maximumValue"))
    if not name or low is None or high is None or low > high:
        return "has no name, or no numbers for its bounds"
    return name, {
        "@type": "RandomVariable",
        "min": low,
        "max": high,
        "format": element.text("outputFormat"),
        "seed": known.whole_number(element.text("randomSeed")),
        "perUser": element.flag("perThread"),
    }


_KINDS: dict[str, Callable[[Element, Known], Made]] = {
    "CSVDataSet": _csv,
    "CounterConfig": _counter,
    "RandomVariableConfig": _random,
}

VARIABLES = frozenset({*_KINDS, "Arguments"})
"""Kinds that become variables of the project."""


def collect(elements: list[Element], variables: Variables, ledger: Ledger) -> None:
    """Take the variables of a whole plan, top to bottom, wherever they stand."""
    for element in elements:
        if element.kind == "Arguments":
            if element.enabled:
                ledger.carry(element)
                variables.constants(element, argument_pairs(element.properties))
            else:
                ledger.drop(element, "disabled in the plan")
        elif element.kind == "TestPlan":
            nested = element.nested("TestPlan.user_defined_variables")
            variables.constants(element, argument_pairs(nested))
        else:
            variables.element(element)
