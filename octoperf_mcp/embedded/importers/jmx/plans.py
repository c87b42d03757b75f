"""A whole plan: one virtual user for each thread group."""

from collections.abc import Sequence
from typing import Any, BinaryIO

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.jmx import config
from octoperf_mcp.embedded.importers.jmx.authorizations import authorize
from octoperf_mcp.embedded.importers.jmx.functions import unknown_functions
from octoperf_mcp.embedded.importers.jmx.groups import LOAD_TOLD, groups_of, load_of
from octoperf_mcp.embedded.importers.jmx.known import Known
from octoperf_mcp.embedded.importers.jmx.ledger import Ledger
from octoperf_mcp.embedded.importers.jmx.options import JmxOptions
from octoperf_mcp.embedded.importers.jmx.plan import Element, read_plan
from octoperf_mcp.embedded.importers.jmx.scope import Scope
from octoperf_mcp.embedded.importers.jmx.tree import TreeMaker
from octoperf_mcp.embedded.importers.nodes import distinct, virtual_user
from octoperf_mcp.embedded.importers.report import summary
from octoperf_mcp.embedded.importers.servers import Servers
from octoperf_mcp.entities.imported import Imported

Json = dict[str, Any]

MAX_GROUPS = 200
_DISABLED = "disabled in the plan: each of its actions is disabled"


def import_jmx(file: BinaryIO, options: JmxOptions | None = None) -> Imported:
    """Make a virtual user of each thread group of a test plan.

    User defined variables, CSV data sets, counters and random variables become variables of the
    project; defaults, headers, cookies, timers and scripts are written into the requests that
    they work on.

    Args:
        file: The .jmx file, in the encoding that it declares.
        options: What to leave out; None: nothing.

    Raises:
        ImportFailed: it is no JMeter plan, too large, or has no thread group.
    """
    plan = read_plan(file)
    elements = [element for top in plan for element in top.walk()]
    result, ledger, known = Imported(), Ledger(), Known()
    variables = config.Variables(known, ledger)
    config.collect(elements, variables, ledger)
    maker = TreeMaker(plan, Servers(result), known, ledger, options or JmxOptions())
    groups = list(groups_of(plan, ledger))
    if len(groups) > MAX_GROUPS:
        raise ImportFailed(
            f"The plan has {len(groups)} thread groups, more than {MAX_GROUPS}.",
            "Split it into several plans.",
        )
    for group, around in groups:
        result.virtual_users.append(_user(group, around, maker, ledger))
    if not groups:
        result.virtual_users.append(_fragment(plan, maker))
    for element in elements:
        if element.kind == "AuthManager":
            authorize(element, result.servers, known, ledger)
    result.variables = variables.documents()
    ledger.close(elements, result)
    _describe(result, groups, known)
    return result


def _user(group: Element, around: Sequence[Element], maker: TreeMaker, ledger: Ledger) -> Json:
    ledger.carry(group)
    ledger.change(group, LOAD_TOLD)
    outer = maker.children(around, Scope())
    scope = Scope().inner(around, ledger)
    children = [*outer, *maker.children(group.children, scope)]
    if not group.enabled:
        ledger.change(group, _DISABLED)
        children = [{**child, "enabled": False} for child in children]
    for name in unknown_functions(children):
        ledger.change(group, f"calls ${{{name}}}, which the embedded engine leaves as text")
    return virtual_user(group.name or group.kind, children)


def _fragment(plan: Sequence[Element], maker: TreeMaker) -> Json:
    """A plan without a thread group: parts for others to link.

    Raises:
        ImportFailed: nothing in it plays.
    """
    parts = [one for top in plan for one in (top.children if top.kind == "TestPlan" else [top])]
    parts = [
        below
        for one in parts
        for below in (one.children if one.kind == "TestFragmentController" else [one])
    ]
    children = maker.children(parts, Scope())
    if not children:
        raise ImportFailed(
            "The plan has no thread group and nothing that plays.",
            "Save a test plan with its thread groups.",
        )
    return virtual_user(children[0]["name"] or "Fragment", children, kind="FRAGMENTS")


def _describe(
    result: Imported, groups: Sequence[tuple[Element, list[Element]]], known: Known
) -> None:
    """Distinct names, and descriptions that say what of the plan is in each virtual user."""
    names = distinct([made["name"] for made in result.virtual_users])
    loads = [load_of(group, known) for group, _ in groups] or [""]
    for made, name, load in zip(result.virtual_users, names, loads, strict=True):
        made["name"] = name
        made["description"] = summary(load, result)
