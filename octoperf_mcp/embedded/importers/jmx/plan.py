"""The elements of a test plan, read from its XML without trusting it.

The format is that of `SaveService` (Apache JMeter): a `hashTree` holds elements, each followed by
a `hashTree` of what stands below it; an element holds properties by type and name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.values import text

Value = Any
"""A text, a list of values, or the properties of an element as a dictionary."""

MAX_ELEMENTS = 20_000
MAX_LEVELS = 60
"""Of the plan; an action tree of the platform has at most a hundred."""
_MAX_XML_LEVELS = 2 * MAX_LEVELS + 40
_MAX_XML_ELEMENTS = 1_000_000
_CHUNK = 256 * 1024
_SAVE_AGAIN = "Open it in JMeter and save the test plan again."


@dataclass(slots=True, eq=False)
class Element:
    """One element of the plan.

    `kind` is its class without package (`HTTPSamplerProxy`), `test_class` as it was written.
    """

    kind: str
    test_class: str
    gui_class: str
    name: str
    enabled: bool
    path: str
    properties: Mapping[str, Value]
    children: list["Element"] = field(default_factory=list)

    def text(self, name: str, default: str = "") -> str:
        """A text property; anything else is absent."""
        value = self.properties.get(name)
        return value if isinstance(value, str) else default

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean property."""
        word = self.text(name).strip().lower()
        return word == "true" if word else default

    def items(self, name: str) -> Sequence[Value]:
        """A collection; anything else is an empty one."""
        value = self.properties.get(name)
        return value if isinstance(value, list) else []

    def nested(self, name: str) -> Mapping[str, Value]:
        """The properties of an element within this one."""
        value = self.properties.get(name)
        return value if isinstance(value, dict) else {}

    def walk(self) -> Iterator["Element"]:
        """This element and all below it, top to bottom."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class _Node:
    """An XML element with what its converter needs."""

    tag: str
    attributes: Mapping[str, str]
    children: list["_Node"] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of a property; some kinds write it as an element of its own."""
        return self.attributes.get("name") or self.inner("name")

    def inner(self, tag: str) -> str:
        """The text of the first element of this name."""
        return next(("".join(one.pieces) for one in self.children if one.tag == tag), "")


class _Builder:
    """Takes the events of the parser; keeps nothing that a plan may not have."""

    def __init__(self) -> None:
        self._root = _Node("", {})
        self._open = [self._root]
        self._count = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if len(self._open) > _MAX_XML_LEVELS:
            raise ImportFailed(f"The plan has more than {MAX_LEVELS} levels.", "Flatten it.")
        self._count += 1
        if self._count > _MAX_XML_ELEMENTS:
            raise ImportFailed(
                "The plan has too many XML elements.", "Split it into several plans."
            )
        made = _Node(tag, dict(attributes))
        self._open[-1].children.append(made)
        self._open.append(made)

    def end(self, _: str) -> None:
        self._open.pop()

    def data(self, piece: str) -> None:
        self._open[-1].pieces.append(piece)

    def close(self) -> _Node:
        return self._root


def read_plan(file: BinaryIO) -> list[Element]:
    """The elements at the top of a plan, usually one `TestPlan`.

    Raises:
        ImportFailed: it is no JMeter plan, or one beyond the limits.
    """
    parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True)
    try:
        while chunk := file.read(_CHUNK):
            parser.feed(chunk)
        root: _Node = parser.close()
    except DefusedXmlException:
        problem = "The file declares a document type or entities, which no JMeter plan has."
        raise ImportFailed(problem, _SAVE_AGAIN) from None
    except (ParseError, LookupError, ValueError) as error:
        raise ImportFailed(f"The file is no XML: {text(str(error))}.", _SAVE_AGAIN) from None
    (top,) = root.children
    if top.tag != "jmeterTestPlan":
        raise ImportFailed(
            f"The file is XML but no JMeter test plan: it begins with <{text(top.tag)[:40]}>.",
            "Send the .jmx file of a test plan.",
        )
    trees = [child for child in top.children if child.tag == "hashTree"]
    if not trees:
        raise ImportFailed("The plan is of a JMeter before 2.1, or empty.", _SAVE_AGAIN)
    reader = _Reader()
    return [element for tree in trees for element in reader.elements(tree, "", 1)]


class _Reader:
    def __init__(self) -> None:
        self._count = 0

    def elements(self, tree: _Node, above: str, level: int) -> list[Element]:
        """The elements of a hash tree, each with those of the tree behind it."""
        if level > MAX_LEVELS:
            raise ImportFailed(f"The plan has more than {MAX_LEVELS} levels.", "Flatten it.")
        made: list[Element] = []
        for child in tree.children:
            if child.tag != "hashTree":
                made.append(self._element(child, above))
            elif made:
                made[-1].children += self.elements(child, made[-1].path, level + 1)
        return made

    def _element(self, source: _Node, above: str) -> Element:
        self._count += 1
        if self._count > MAX_ELEMENTS:
            raise ImportFailed(
                f"The plan has more than {MAX_ELEMENTS} elements.", "Split it into several plans."
            )
        properties = _properties(source)
        stated = text(source.attributes.get("testclass")) or text(source.tag)
        name = text(source.attributes.get("testname"))
        if not name:
            older = properties.get("TestElement.name")
            name = older if isinstance(older, str) else ""
        enabled = source.attributes.get("enabled") or properties.get("TestElement.enabled")
        return Element(
            kind=text(source.tag).rpartition(".")[2],
            test_class=stated,
            gui_class=text(source.attributes.get("guiclass")),
            name=name,
            enabled=str(enabled).lower() != "false",
            path=f"{above}/{name or text(source.tag)}",
            properties=properties,
        )


def _properties(source: _Node) -> dict[str, Value]:
    return {text(child.name): _value(child) for child in source.children if child.name}


def _value(source: _Node) -> Value:
    """Numbers and booleans stay the texts that they are, since any may be a variable."""
    if source.tag == "collectionProp":
        return [_value(child) for child in source.children]
    if source.tag in {"elementProp", "mapProp"}:
        return _properties(source)
    return text(source.inner("value") or "".join(source.pieces))
