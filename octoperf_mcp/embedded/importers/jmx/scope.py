"""What the elements of a level say to all samplers below it: JMeter's scoping rules.

Configuration, timers and scripts apply to every sampler of their level and of those below it,
wherever among its neighbours an element stands; the nearest level wins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from octoperf_mcp.embedded.importers.jmx.ledger import Ledger
from octoperf_mcp.embedded.importers.jmx.plan import Element

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a sampler inherits."""

    headers: tuple[Header, ...] = ()
    defaults: Mapping[str, str] | None = None
    """Properties of HTTP Request Defaults that say something."""
    arguments: tuple[object, ...] = ()
    """Arguments of HTTP Request Defaults."""
    timers: tuple[Element, ...] = ()
    cookies: tuple[Mapping[str, object], ...] = ()
    scripts: tuple[Element, ...] = ()
    """Pre- and post-processors that each sampler plays."""

    def default(self, name: str) -> str:
        """A property of HTTP Request Defaults, empty when none says it."""
        return (self.defaults or {}).get(name, "")

    def inner(self, children: Sequence[Element], ledger: Ledger) -> "Scope":
        """The scope of samplers among these elements."""
        scope = self
        for child in children:
            take = _TAKEN.get(child.kind)
            if take is None:
                continue
            if not child.enabled:
                ledger.drop(child, "disabled in the plan")
                continue
            scope = take(scope, child, ledger)
        return scope


def _headers(scope: Scope, element: Element, ledger: Ledger) -> Scope:
    ledger.carry(element)
    rows = [one for one in element.items("HeaderManager.headers") if isinstance(one, dict)]
    added = [(_text(one, "Header.name").strip(), _text(one, "Header.value")) for one in rows]
    return replace(scope, headers=merged(scope.headers, [pair for pair in added if pair[0]]))


def merged(outer: Sequence[Header], inner: Sequence[Header]) -> tuple[Header, ...]:
    """The inner headers, and those of the outer whose names they do not repeat."""
    names = {name.lower() for name, _ in inner}
    return (*(pair for pair in outer if pair[0].lower() not in names), *inner)


def _defaults(scope: Scope, element: Element, ledger: Ledger) -> Scope:
    if "Http" not in element.gui_class and not any(
        name.startswith("HTTP") for name in element.properties
    ):
        ledger.drop(element, "defaults of a protocol other than HTTP")
        return scope
    ledger.carry(element)
    said = {
        name: value
        for name, value in element.properties.items()
        if isinstance(value, str) and value and not name.startswith("TestElement.")
    }
    given = element.nested("HTTPsampler.Arguments").get("Arguments.arguments")
    arguments = tuple(given) if isinstance(given, list) else ()
    return replace(
        scope,
        defaults={**(scope.defaults or {}), **said},
        arguments=(*scope.arguments, *arguments),
    )


def _timer(scope: Scope, element: Element, _: Ledger) -> Scope:
    return replace(scope, timers=(*scope.timers, element))


def _script(scope: Scope, element: Element, _: Ledger) -> Scope:
    return replace(scope, scripts=(*scope.scripts, element))


def _cookies(scope: Scope, element: Element, ledger: Ledger) -> Scope:
    ledger.carry(element)
    if not element.flag("CookieManager.clearEachIteration"):
        reason = "whether cookies outlive an iteration is a setting of the user profile"
        ledger.change(element, reason)
    rows = [one for one in element.items("CookieManager.cookies") if isinstance(one, dict)]
    return replace(scope, cookies=(*scope.cookies, *rows)) if rows else scope


def _text(properties: Mapping[str, object], name: str) -> str:
    value = properties.get(name)
    return value if isinstance(value, str) else ""


SCRIPTS = {
    "JSR223PreProcessor": "JSR223PreProcessor",
    "BeanShellPreProcessor": "JSR223PreProcessor",
    "BSFPreProcessor": "JSR223PreProcessor",
    "JSR223PostProcessor": "JSR223PostProcessor",
    "BeanShellPostProcessor": "JSR223PostProcessor",
    "BSFPostProcessor": "JSR223PostProcessor",
}
"""Scripts around samplers, and the actions they become."""

TIMERS = frozenset(
    {
        "ConstantTimer",
        "UniformRandomTimer",
        "GaussianRandomTimer",
        "PoissonRandomTimer",
        "ConstantThroughputTimer",
        "SyncTimer",
    }
)

_TAKEN = {
    "HeaderManager": _headers,
    "ConfigTestElement": _defaults,
    "CookieManager": _cookies,
    **dict.fromkeys(TIMERS, _timer),
    **dict.fromkeys(SCRIPTS, _script),
}

INHERITED = frozenset(_TAKEN)
"""Kinds that have no place in the tree: they work on samplers."""
