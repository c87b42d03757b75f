"""From the elements below a thread group to an action tree."""

from collections.abc import Sequence
from typing import Any

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.har_entries import is_static_path
from octoperf_mcp.embedded.importers.hosts import noise
from octoperf_mcp.embedded.importers.jmx import scripts
from octoperf_mcp.embedded.importers.jmx.config import VARIABLES
from octoperf_mcp.embedded.importers.jmx.controllers import CONTROLLERS
from octoperf_mcp.embedded.importers.jmx.http import HttpSamplers
from octoperf_mcp.embedded.importers.jmx.known import Known
from octoperf_mcp.embedded.importers.jmx.ledger import Ledger
from octoperf_mcp.embedded.importers.jmx.options import JmxOptions
from octoperf_mcp.embedded.importers.jmx.plan import MAX_LEVELS, Element
from octoperf_mcp.embedded.importers.jmx.processors import PROCESSORS
from octoperf_mcp.embedded.importers.jmx.scope import INHERITED, TIMERS, Scope
from octoperf_mcp.embedded.importers.jmx.timers import Pauses, account, pauses_of
from octoperf_mcp.embedded.importers.nodes import container, node
from octoperf_mcp.embedded.importers.servers import Servers

Json = dict[str, Any]

MAX_ACTIONS = 50_000
PLAYED = frozenset(
    {
        "OnceOnlyController",
        "InterleaveControl",
        "RandomOrderController",
        "SwitchController",
        "RunTime",
        "ParallelSampler",
        "DurationAssertion",
    }
)
"""Kinds that stay generic, and that the engine plays all the same."""
PLAYED_TOLD = "kept as it is; the embedded engine plays it"
_HTTP_SAMPLERS = frozenset({"HTTPSamplerProxy", "HTTPSampler", "HTTPSampler2"})
_LISTENERS = ("ResultCollector", "BackendListener", "Summariser", "Visualizer", "ResultSaver")
_NOT_OURS = {
    "WorkBench": "kept by JMeter's window, not by the plan",
    "ProxyControl": "records, plays nothing",
    "HttpMirrorControl": "a server of JMeter",
    "PropertyControl": "shows properties in JMeter's window",
    "DebugPostProcessor": "shows variables below each result: add a DebugAction",
    "ResultAction": "what an error leads to is a setting of the user profile",
    "CacheManager": "the cache is a setting of the user profile",
    "DNSCacheManager": "name resolution is a setting of the user profile",
    "KeystoreConfig": "client certificates are not supported",
    "AuthManager": "",
}
"""Kinds without a counterpart, and why; those of an empty reason are taken elsewhere."""


class TreeMaker:
    """Converts the elements of one plan; they may be converted more than once."""

    def __init__(
        self,
        plan: Sequence[Element],
        servers: Servers,
        known: Known,
        ledger: Ledger,
        options: JmxOptions,
    ) -> None:
        self._plan = plan
        self._known = known
        self._ledger = ledger
        self._options = options
        self._servers = servers
        self._http = HttpSamplers(servers, known, ledger)
        self._sharers: dict[Element, int] = {}
        self._made = 0
        self._modules: list[Element] = []

    def children(self, elements: Sequence[Element], outer: Scope) -> list[Json]:
        """The actions of one level, in the scope of those above it."""
        scope = outer.inner(elements, self._ledger)
        timers = [one for one in elements if one.kind in TIMERS and one.enabled]
        account(timers, self._ledger, self._known)
        samplers = sum(
            below.kind in _HTTP_SAMPLERS for element in elements for below in element.walk()
        )
        self._sharers.update(dict.fromkeys(timers, samplers))
        return [action for one in elements for action in self._actions(one, scope)]

    def _actions(self, element: Element, scope: Scope) -> list[Json]:
        kind = element.kind
        if kind in INHERITED or kind in VARIABLES or not self._has_place(element):
            return []
        self._made += 1
        if self._made > MAX_ACTIONS:
            raise ImportFailed(
                f"The plan, with its modules played, has more than {MAX_ACTIONS} actions.",
                "Split it into several plans.",
            )
        if kind in _HTTP_SAMPLERS:
            return self._sampled(element, scope)
        if kind in CONTROLLERS:
            return [self._container(element, scope)]
        if kind in PROCESSORS:
            return self._processors(element)
        if kind == "ModuleController":
            return self._module(element, scope)
        return self._other(element, scope)

    def _has_place(self, element: Element) -> bool:
        reason = _NOT_OURS.get(element.kind)
        if element.kind.endswith(_LISTENERS):
            reason = "a listener: the platform keeps all results"
        if element.kind == "TestFragmentController":
            return False
        if reason:
            self._ledger.drop(element, reason)
        return reason is None

    def _sampled(self, element: Element, scope: Scope) -> list[Json]:
        """A request with its think time, its own children, and the scripts of its scope."""
        inner = scope.inner(element.children, self._ledger)
        request = self._http.request(element, inner)
        if reason := self._unwanted(request):
            self._ledger.drop(element, reason)
            return []
        self._ledger.carry(element)
        below = self.children(element.children, scope)
        request["children"] = [*self._scripts(inner), *below]
        return self._with_pauses(request, self._pauses(inner))

    def _unwanted(self, request: Json) -> str:
        host = self._servers.by_id(request["serverId"])["hostname"]
        if self._options.block_ads and (domain := noise(host)):
            return f"ad, analytics or browser traffic: {domain}"
        fetches = request["method"] == "GET" and is_static_path(request["path"])
        if not self._options.keep_resources and fetches:
            return "static resource: left to its page (downloadResources)"
        return ""

    def _pauses(self, scope: Scope) -> Pauses:
        return pauses_of(scope.timers, self._sharers, self._known)

    def _with_pauses(self, action: Json, pauses: Pauses) -> list[Json]:
        """The action behind what it waits for; a request holds one think time itself."""
        values = pauses.thinktimes()
        if values and action["@type"] == "HttpRequestAction":
            action["thinktime"] = values.pop(0)
        before = [
            *pauses.meetings,
            *(node("ThinktimeAction", "Timer", thinktime=value) for value in values),
        ]
        if not before:
            return [action]
        return [container(action["name"], [*before, action], sample=False)]

    def _scripts(self, scope: Scope) -> list[Json]:
        made = []
        for element in scope.scripts:
            self._ledger.carry(element)
            self._ledger.change(element, scripts.NOT_RUN)
            made.append(scripts.script(element))
        return made

    def _container(self, element: Element, scope: Scope) -> Json:
        made, told = CONTROLLERS[element.kind](element, self._known)
        self._ledger.carry(element)
        if told:
            self._ledger.change(element, told)
        made["children"] = self.children(element.children, scope)
        return made

    def _processors(self, element: Element) -> list[Json]:
        made = PROCESSORS[element.kind](element)
        if isinstance(made, str):
            self._ledger.keep(element, made)
            return [scripts.generic(element)]
        self._ledger.carry(element)
        return made

    def _module(self, element: Element, scope: Scope) -> list[Json]:
        """What a module controller plays stands in its place, in its scope."""
        target = self._target(element)
        if target is None or target in self._modules or len(self._modules) > MAX_LEVELS:
            circular = target is not None
            reason = "plays itself" if circular else "what it plays is not in the plan"
            self._ledger.keep(element, reason)
            return [scripts.generic(element)]
        self._ledger.carry(element)
        self._modules.append(target)
        if target.kind == "TestFragmentController":
            self._ledger.carry(target)
            played = self.children(target.children, scope)
        else:
            played = [{**one, "enabled": True} for one in self._actions(target, scope)]
        self._modules.pop()
        return [container(element.name, played, enabled=element.enabled, sample=False)]

    def _target(self, element: Element) -> Element | None:
        """The element that a module controller names by the names on the way to it."""
        names = [one for one in element.items("ModuleController.node_path") if isinstance(one, str)]
        for start in (1, 0):
            path = "".join(f"/{name}" for name in names[start:])
            for top in self._plan:
                for one in top.walk():
                    if path and one.path == path:
                        return one
        return None

    def _other(self, element: Element, scope: Scope) -> list[Json]:
        """Scripts, pauses, and what only JMeter knows."""
        made = self._known_sampler(element)
        below = self.children(element.children, scope)
        if made is None:
            told = f"only JMeter knows {element.kind[:80]}"
            self._ledger.keep(element, PLAYED_TOLD if element.kind in PLAYED else told)
            return [{**scripts.generic(element), "children": below}]
        self._ledger.carry(element)
        inner = scope.inner(element.children, self._ledger)
        waiting = self._with_pauses(made, self._pauses(inner))
        if not below:
            return waiting
        return [container(element.name, [*waiting, *below], enabled=element.enabled, sample=False)]

    def _known_sampler(self, element: Element) -> Json | None:
        if element.kind in scripts.SAMPLERS:
            self._ledger.change(element, scripts.NOT_RUN)
            return scripts.script(element)
        if element.kind == "DebugSampler":
            return scripts.debug(element)
        if element.kind == "TestAction":
            return scripts.pause(element, self._known)
        return None
