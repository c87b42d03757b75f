"""All matches of an extractor in a recorded answer, found by the load engine's own code.

What a rule finds here is therefore what the planted extractor finds at run time.
"""

import html
from dataclasses import dataclass, field
from random import Random
from typing import Any

from octoperf_mcp.embedded.engine.actions.extractors import EXTRACTORS
from octoperf_mcp.embedded.engine.wire.exchange import Exchange

Json = dict[str, Any]

_REGEXPS = frozenset({"RegexpVariableExtractor", "RegexpExtractor", "RegexExtractor"})
_IDENTITY = ("regexp", "template", "path", "xpath", "selector", "attribute")
_UNESCAPED = {"extractFrom": "BODY_UNESCAPED"}


class BadExtractorError(Exception):
    """The extractor of a rule cannot run; the message says why."""


@dataclass(slots=True)
class _Session:
    """As much of a user as an extractor touches."""

    variables: dict[str, str] = field(default_factory=dict)
    random: Random = field(default_factory=Random)
    warnings: list[str] = field(default_factory=list)

    def log(self, message: str, *, level: str = "INFO") -> None:
        """Keep what an extractor complains about."""
        if level != "INFO":
            self.warnings.append(message)


def variable_of(rule: Json) -> str:
    """The variable that a rule fills: that of its extractor, else the name of the rule.

    Raises:
        BadExtractorError: there is none, or one that reads as a function call.
    """
    extractor = rule.get("extractor")
    named = extractor.get("variable") if isinstance(extractor, dict) else ""
    variable = str(named or rule.get("name") or "").strip()
    if not variable or any(sign in variable for sign in "${}(),"):
        raise BadExtractorError("the extractor names no usable variable")
    if variable.startswith("__"):
        raise BadExtractorError(f"the variable {variable} begins with __, as functions do")
    return variable


class Search:
    """An extractor, ready to look at recorded answers.

    Raises:
        BadExtractorError: its kind is unknown, or its expression is wrong.
    """

    def __init__(self, rule: Json) -> None:
        node = rule.get("extractor")
        if not isinstance(node, dict):
            raise BadExtractorError("it has no extractor")
        self.variable = variable_of(rule)
        self.node = node
        self.number = _number(node.get("matchNumber"))
        self._find = _Compiled(node)
        of_body = node.get("@type") in _REGEXPS and (node.get("extractFrom") or "BODY") == "BODY"
        self._find_unescaped = _Compiled(node | _UNESCAPED) if of_body else None

    @property
    def warning(self) -> str:
        """Why the expression failed on an answer, empty when it never did."""
        return self._find.warning

    def planted(self, *, unescaped: bool) -> Json:
        """The extractor as a child of a request; the caller gives it an id."""
        made = dict(self.node) | {"variable": self.variable, "enabled": True}
        made["name"] = made.get("name") or self.variable
        return made | _UNESCAPED if unescaped else made

    def same(self, child: Any) -> bool:
        """Whether a processor does already what this extractor does."""
        return (
            isinstance(child, dict)
            and child.get("variable") == self.variable
            and child.get("@type") == self.node.get("@type")
            and _number(child.get("matchNumber")) == self.number
            and _source(child) == _source(self.node)
            and all((child.get(key) or "") == (self.node.get(key) or "") for key in _IDENTITY)
        )

    def matches(self, answer: Exchange) -> tuple[list[str], bool]:
        """The values that the match number chooses, and whether they are of the unescaped body.

        A page shows `&amp;` where the browser sends back `&`: when the expression finds the same
        values in the unescaped body, that is where the extractor has to look.
        """
        found = self._chosen(self._find(answer))
        plain = [html.unescape(value) for value in found]
        if self._find_unescaped is not None and plain != found:
            unescaped = self._chosen(self._find_unescaped(answer))
            if unescaped == plain:
                return plain, True
        return found, False

    def _chosen(self, values: list[str]) -> list[str]:
        if self.number < 0:
            return values
        index = max(self.number, 1) - 1
        return values[index : index + 1]


class _Compiled:
    """Finds all matches, whatever the match number; none where the expression fails."""

    def __init__(self, node: Json) -> None:
        kind = node.get("@type")
        make = EXTRACTORS.get(str(kind))
        if make is None:
            raise BadExtractorError(f"the load engine knows no extractor {str(kind)[:60]!r}")
        self.warning = ""
        try:
            self._extract = make(node | {"variable": "v", "matchNumber": -1, "defaultValue": ""})
        except Exception as error:  # each library refuses in its own way
            raise BadExtractorError(f"its expression is wrong: {error}") from error

    def __call__(self, answer: Exchange) -> list[str]:
        session: Any = _Session()
        self._extract(session, answer)
        self.warning = self.warning or next(iter(session.warnings), "")
        count = int(session.variables["v_matchNr"])
        return [session.variables[f"v_{index}"] for index in range(1, count + 1)]


def _source(node: Json) -> str:
    return str(node.get("extractFrom") or "BODY").removesuffix("_UNESCAPED")


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 1
