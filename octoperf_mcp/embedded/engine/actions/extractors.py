"""Extractors: what a response leaves in variables. Adding one is a line in `EXTRACTORS`.

The rules of `matchNumber` are JMeter's: from 1 that occurrence, 0 a random one, -1 all of them as
`v_1`, `v_2`, … while the plain name takes the default. `v_matchNr` counts the matches always.
Without a match an empty default leaves the variable as it was.
"""

import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from octoperf_mcp.embedded.engine.actions.subjects import answers_of
from octoperf_mcp.embedded.engine.texts.templates import compile_text
from octoperf_mcp.embedded.engine.wire.exchange import Exchange

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.play.session import UserSession

Node = Mapping[str, Any]
Matches = Sequence[str]
Find = Callable[["UserSession", Exchange], Matches]
Extractor = Callable[["UserSession", Exchange], Sequence[str]]
"""Answers the names of the variables that it set."""

_PLACEHOLDER = re.compile(r"\$(\d+)\$")


def compile_extractor(node: Node, find: Find) -> Extractor:
    """Wrap a search into the common rules of variable, default and match number."""
    variable = str(node.get("variable") or "")
    default = str(node.get("defaultValue") or "")
    number = int(node.get("matchNumber", 1) if node.get("matchNumber") is not None else 1)

    def extract(session: "UserSession", exchange: Exchange) -> Sequence[str]:
        try:
            matches = find(session, exchange)
        except Exception as error:  # noqa: BLE001 - a bad expression must not end the user
            session.log(f"Extractor of ${{{variable}}}: {error}", level="WARN")
            matches = ()
        return _assign(session, variable, matches, number, default)

    return extract


def _assign(
    session: "UserSession", variable: str, matches: Matches, number: int, default: str
) -> Sequence[str]:
    values = session.variables
    count = f"{variable}_matchNr"
    for index in range(len(matches) + 1, int(values.get(count) or 0) + 1):
        values.pop(f"{variable}_{index}", None)
    values[count] = str(len(matches))
    if number < 0:
        for index, match in enumerate(matches, 1):
            values[f"{variable}_{index}"] = match
        if default:
            values[variable] = default
        return [count, *(f"{variable}_{i}" for i in range(1, len(matches) + 1)), variable]
    if number == 0 and matches:
        values[variable] = session.random.choice(matches)
    elif 0 < number <= len(matches):
        values[variable] = matches[number - 1]
    elif default:
        values[variable] = default
    return [variable, count]


def _regexp(node: Node) -> Extractor:
    pattern = compile_pattern(str(node.get("regexp") or ""))
    template = str(node.get("template") or "$1$")
    subject = _SUBJECTS.get(str(node.get("extractFrom") or "BODY"), _body)
    scope = str(node.get("applyTo") or "REQUEST_ONLY")

    def find(session: "UserSession", exchange: Exchange) -> Matches:
        compiled = pattern(session)
        found: list[str] = []
        for answer in answers_of(exchange, scope):
            found += [_filled(template, match) for match in compiled.finditer(subject(answer))]
        return found

    return compile_extractor(node, find)


def _filled(template: str, match: re.Match[str]) -> str:
    if template == "$1$":
        return (match.group(1) if match.re.groups else match.group()) or ""
    return _PLACEHOLDER.sub(
        lambda found: (
            (match.group(int(found.group(1))) or "")
            if int(found.group(1)) <= match.re.groups
            else ""
        ),
        template,
    )


def compile_pattern(source: str) -> Callable[["UserSession"], re.Pattern[str]]:
    """A regular expression that may hold `${variables}`; Java's named groups are understood.

    Raises:
        re.error: when it is constant and wrong.
    """
    template = compile_text(source)
    if template.constant is not None:
        compiled = _pattern(template.constant)
        return lambda _: compiled
    return lambda session: _pattern(template.render(session))


def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", source))


def _body(answer: Exchange) -> str:
    return answer.text


_SUBJECTS: dict[str, Callable[[Exchange], str]] = {
    "BODY": _body,
    "BODY_UNESCAPED": lambda answer: html.unescape(answer.text),
    "HEADERS": lambda answer: answer.header_text,
    "REQUEST_HEADERS": lambda answer: "\n".join(f"{n}: {v}" for n, v in answer.sent_headers),
    "URL": lambda answer: answer.url,
    "CODE": lambda answer: answer.code,
    "MESSAGE": lambda answer: answer.reason,
}


def _json_path(node: Node) -> Extractor:
    from jsonpath import compile as compile_path  # noqa: PLC0415 - loaded when a tree needs it

    source = compile_text(str(node.get("path") or ""))
    compiled: dict[str, Any] = {}

    def find(session: "UserSession", exchange: Exchange) -> Matches:
        path = source.render(session)
        if path not in compiled:
            compiled[path] = compile_path(path)
        values = compiled[path].findall(json.loads(exchange.text))
        return [json_text(value) for value in values]

    return compile_extractor(node, _when_json(find))


def _jmes_path(node: Node) -> Extractor:
    import jmespath  # noqa: PLC0415 - loaded when a tree needs it

    source = compile_text(str(node.get("path") or ""))
    compiled: dict[str, Any] = {}

    def find(session: "UserSession", exchange: Exchange) -> Matches:
        path = source.render(session)
        if path not in compiled:
            compiled[path] = jmespath.compile(path)
        value = compiled[path].search(json.loads(exchange.text))
        if value is None:
            return ()
        return [json_text(item) for item in (value if isinstance(value, list) else [value])]

    return compile_extractor(node, _when_json(find))


def _when_json(find: Find) -> Find:
    """No match, rather than a warning, when the body is no JSON."""

    def search(session: "UserSession", exchange: Exchange) -> Matches:
        try:
            return find(session, exchange)
        except json.JSONDecodeError:
            return ()

    return search


def json_text(value: Any) -> str:
    """A JSON value as the text of a variable: texts bare, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _xpath(node: Node) -> Extractor:
    from parsel import Selector  # noqa: PLC0415 - loaded when a tree needs it

    source = compile_text(str(node.get("xpath") or ""))
    namespaces = {str(k): str(v) for k, v in (node.get("namespaces") or {}).items()}
    kind = "xml" if node.get("tolerant") is False else "html"

    def find(session: "UserSession", exchange: Exchange) -> Matches:
        if not exchange.text.strip():
            return ()
        selector = Selector(text=exchange.text, type=kind)
        return [
            _node_text(found.root) for found in selector.xpath(source.render(session), namespaces)
        ]

    return compile_extractor(node, find)


def _xpath2(node: Node) -> Extractor:
    from elementpath import Selector as Path  # noqa: PLC0415 - loaded when a tree needs it
    from elementpath import XPath2Parser  # noqa: PLC0415
    from parsel import Selector  # noqa: PLC0415

    source = compile_text(str(node.get("xpath") or ""))
    namespaces = {str(k): str(v) for k, v in (node.get("namespaces") or {}).items()}
    kind = "xml" if node.get("tolerant") is False else "html"
    compiled: dict[str, Any] = {}

    def find(session: "UserSession", exchange: Exchange) -> Matches:
        if not exchange.text.strip():
            return ()
        path = source.render(session)
        if path not in compiled:
            compiled[path] = Path(path, namespaces=namespaces, parser=XPath2Parser)
        found = compiled[path].select(Selector(text=exchange.text, type=kind).root)
        return [_node_text(each) for each in (found if isinstance(found, list) else [found])]

    return compile_extractor(node, find)


def _css(node: Node) -> Extractor:
    from parsel import Selector  # noqa: PLC0415 - loaded when a tree needs it

    source = compile_text(str(node.get("selector") or ""))
    attribute = str(node.get("attribute") or "")

    def find(session: "UserSession", exchange: Exchange) -> Matches:
        if not exchange.text.strip():
            return ()
        found = Selector(text=exchange.text, type="html").css(source.render(session))
        if attribute:
            return [node.attrib[attribute] for node in found if attribute in node.attrib]
        return [_node_text(node.root) for node in found]

    return compile_extractor(node, find)


def _node_text(node: Any) -> str:
    """Text of an element, or the value of an attribute, a number, a text."""
    if hasattr(node, "itertext"):
        return "".join(node.itertext())
    if isinstance(node, bool):
        return "true" if node else "false"
    if isinstance(node, float) and node.is_integer():
        return str(int(node))
    return str(node)


EXTRACTORS: dict[str, Callable[[Node], Extractor]] = {
    "RegexpVariableExtractor": _regexp,
    "RegexpExtractor": _regexp,
    "RegexExtractor": _regexp,
    "JsonPathVariableExtractor": _json_path,
    "JsonVariableExtractor": _json_path,
    "JsonExtractor": _json_path,
    "JMESPathVariableExtractor": _jmes_path,
    "JmesPathVariableExtractor": _jmes_path,
    "XPath1VariableExtractor": _xpath,
    "XPathVariableExtractor": _xpath,
    "XPath2VariableExtractor": _xpath2,
    "CssVariableExtractor": _css,
    "CssJQueryVariableExtractor": _css,
    "CssExtractor": _css,
}
