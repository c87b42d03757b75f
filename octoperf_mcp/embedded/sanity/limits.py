"""What this platform's engine cannot do with an action, so that nothing is skipped in silence.

The product has no such messages, since JMeter runs everything; their level is ours: WARNING, as
the rest of the virtual user can still be validated, and a row that cannot run is KO by itself.
It is ERROR where there would be no row to see.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

from octoperf_mcp.embedded.engine.actions.extractors import EXTRACTORS, compile_pattern
from octoperf_mcp.embedded.engine.actions.generic_classes import IN_ORDER, LISTENERS, RUN, class_of
from octoperf_mcp.embedded.engine.texts.expressions import ExpressionError, evaluate
from octoperf_mcp.embedded.engine.texts.functions import EXPRESSIONS, FUNCTIONS
from octoperf_mcp.embedded.engine.texts.templates import calls_in
from octoperf_mcp.embedded.engine.wire.forbidden_addresses import is_forbidden_host
from octoperf_mcp.embedded.sanity.messages import (
    ERROR,
    WARNING,
    enabled_nodes,
    kind,
    named,
    objects,
    row,
    text,
)
from octoperf_mcp.entities.action_types import NO_ADDED_ACTIONS, AddedActions, played_name
from octoperf_mcp.entities.check import own_types

Json = dict[str, Any]
Found = Iterator[tuple[str, str]]

_SCRIPTS = frozenset({"JSR223Action", "JSR223PreProcessor", "JSR223PostProcessor"})
_BROWSER = frozenset({"PlaywrightSpecAction", "WebDriverAction", "SeleniumAction"})
_GENERIC = frozenset({"GenericAction", "JMeterAction"})
_PATTERNS = frozenset({"CONTAINS", "MATCHES"})
_STRUCTURE = frozenset({"children", "recordedRequest", "recordedResponse", "script", "content"})
_MOST_CALLS = 20


def check_limits(
    virtual_user: Json, servers: Mapping[str, Json], added: AddedActions = NO_ADDED_ACTIONS
) -> list[Json]:
    """Rows about what will not run, or not as JMeter runs it.

    Args:
        virtual_user: The whole document.
        servers: HTTP servers of the project, by id.
        added: Kinds of actions that plugins play.
    """
    in_browser = text(virtual_user.get("type")) in {"PLAYWRIGHT", "WEB_DRIVER"}
    rows = []
    played = added.names
    used: dict[str, None] = {}
    for node in enabled_nodes(virtual_user):
        about = {"actionId": text(node.get("id"))}
        for check in _CHECKS:
            skipped = (check is _browser and in_browser) or (
                check is _generic and played_name(node) in played
            )
            if not skipped:
                rows += [row(level, message, **about) for level, message in check(node)]
        if kind(node) not in played | _known():
            rows.append(row(ERROR, _unknown(node, added), **about))
        if text(node.get("serverId")) in servers:
            used[text(node.get("serverId"))] = None
    for server_id in used:
        rows += [row(level, message) for level, message in _server(servers[server_id])]
    return rows


@cache
def _known() -> frozenset[str]:
    return own_types()


def _unknown(node: Json, added: AddedActions) -> str:
    """Of an action whose plugin is off, or was never here: a run would leave it out unseen."""
    name = kind(node)[:80]
    plugin = added.off().get(kind(node))
    if plugin:
        cure = f"the plugin {plugin}, which is off here, has it: ask the operator to enable that"
    else:
        cure = "no enabled plugin has it: install and enable the one that has, or remove the action"
    return f"{named(node)}: {name or 'an action without a type'} is not played here; {cure}"


def _script(node: Json) -> Found:
    if kind(node) in _SCRIPTS and (text(node.get("script")) or text(node.get("filename"))):
        language = text(node.get("language"))[:40] or "groovy"
        yield WARNING, f"{named(node)}: scripts in {language} are not run here, its row fails"


def _browser(node: Json) -> Found:
    if kind(node) in _BROWSER:
        yield WARNING, f"{named(node)}: browser scripts run in virtual users of their own type only"


def _generic(node: Json) -> Found:
    name = class_of(node)
    if kind(node) not in _GENERIC:
        return
    shown = name[:80] or "without a class"
    if name in IN_ORDER:
        yield WARNING, f"{named(node)}: children of {shown} are played one after the other here"
    elif name not in RUN | LISTENERS:
        yield WARNING, f"{named(node)}: the JMeter element {shown} is not run here"


def _expression(node: Json) -> Found:
    """Patterns and paths that nothing can match, since they cannot be read."""
    problem = ""
    if kind(node) in EXTRACTORS:
        problem = _problem(lambda: EXTRACTORS[kind(node)](node), node)
    elif kind(node) == "ResponseAssertion" and text(node.get("rule")) in _PATTERNS | {""}:
        listed = node.get("patterns")
        for pattern in listed if isinstance(listed, list) else []:
            problem = problem or _problem(partial(compile_pattern, str(pattern)), node)
    elif kind(node) == "JsonAssertion":
        problem = _json_path(node)
    if problem:
        yield WARNING, f"{named(node)} cannot be read: {problem[:300]}"


def _problem(compile_it: Callable[[], object], node: Json) -> str:
    try:
        compile_it()
    except Exception as error:  # noqa: BLE001 - each library of expressions has errors of its own
        return str(error) or type(error).__name__
    path, xpath = text(node.get("path")), text(node.get("xpath"))
    selector = text(node.get("selector"))
    if "${" in path + xpath + selector:
        return ""
    for source, reader in ((path, _READERS.get(kind(node))), (xpath, _xpath), (selector, _css)):
        if source and reader is not None:
            try:
                reader(source, node)
            except Exception as error:  # noqa: BLE001 - as above
                return str(error) or type(error).__name__
    return ""


def _json_path(node: Json) -> str:
    path = text(node.get("path"))
    if not path or "${" in path:
        return ""
    try:
        _read_json_path(path, node)
    except Exception as error:  # noqa: BLE001 - the library has many errors; all mean the path
        return str(error) or type(error).__name__
    return ""


def _read_json_path(source: str, _: Json) -> None:
    from jsonpath import compile as compile_path  # noqa: PLC0415 - only where a tree has one

    compile_path(source)


def _read_jmes_path(source: str, _: Json) -> None:
    import jmespath  # noqa: PLC0415 - only where a tree has one

    jmespath.compile(source)


def _xpath(source: str, node: Json) -> None:
    if kind(node) == "XPath2VariableExtractor":
        from elementpath import XPath2Parser  # noqa: PLC0415 - only where a tree has one

        spaces = node.get("namespaces")
        XPath2Parser(namespaces=spaces if isinstance(spaces, dict) else {}).parse(source)
        return
    from parsel import Selector  # noqa: PLC0415 - only where a tree has one

    spaces = node.get("namespaces")
    Selector(text="<a/>").xpath(source, namespaces=spaces if isinstance(spaces, dict) else {})


def _css(source: str, _: Json) -> None:
    from parsel.csstranslator import HTMLTranslator  # noqa: PLC0415 - only where a tree has one

    HTMLTranslator().css_to_xpath(source)


_READERS: dict[str, Callable[[str, Json], None]] = {
    "JsonPathVariableExtractor": _read_json_path,
    "JsonVariableExtractor": _read_json_path,
    "JsonExtractor": _read_json_path,
    "JMESPathVariableExtractor": _read_jmes_path,
    "JmesPathVariableExtractor": _read_jmes_path,
}


def _functions(node: Json) -> Found:
    """Calls in any text of the action that this engine leaves as they stand."""
    for name, arguments in list(_calls(node))[:_MOST_CALLS]:
        if name not in FUNCTIONS:
            yield WARNING, f"{named(node)}: the function {name[:40]} is not known here, sent as is"
        elif name in EXPRESSIONS and arguments and "${" not in arguments[0]:
            try:
                evaluate(arguments[0], {})
            except ExpressionError as error:
                yield WARNING, f"{named(node)}: {name} evaluates comparisons only, not {error}"


def _calls(node: Json) -> Iterator[tuple[str, Sequence[str]]]:
    waiting: list[Any] = [value for key, value in node.items() if key not in _STRUCTURE]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and "${__" in value:
            yield from calls_in(value)
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _server(server: Json) -> Found:
    hostname = text(server.get("hostname"))
    if "${" not in hostname and is_forbidden_host(hostname):
        reason = "no load goes to link-local addresses and to metadata services of clouds"
        yield ERROR, f"Server {hostname[:80]} is refused: {reason}"
    if server.get("ipSpoofing") is True:
        yield WARNING, f"Server {hostname[:80]}: all users send from the address of their machine"
    for authorization in objects(server.get("authorizations")):
        if kind(authorization) == "NtlmAuthorization":
            yield WARNING, f"NTLM credentials of server {hostname[:80]} are not sent here"


_CHECKS: tuple[Callable[[Json], Found], ...] = (
    _script,
    _browser,
    _generic,
    _expression,
    _functions,
)
