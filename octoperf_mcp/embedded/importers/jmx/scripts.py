"""Samplers without HTTP: scripts, variables shown, pauses."""

from typing import Any

from octoperf_mcp.embedded.importers.jmx.known import Known
from octoperf_mcp.embedded.importers.jmx.plan import Element
from octoperf_mcp.embedded.importers.jmx.posts import file_name
from octoperf_mcp.embedded.importers.jmx.scope import SCRIPTS
from octoperf_mcp.embedded.importers.jmx.timers import constant
from octoperf_mcp.embedded.importers.nodes import node

Json = dict[str, Any]

NOT_RUN = "a script: the embedded engine runs none and reports a failed row"
SAMPLERS = frozenset({"JSR223Sampler", "BeanShellSampler", "BSFSampler"})
_PAUSE = "1"


def script(element: Element) -> Json:
    """A script as it is, whatever its language."""
    prefix = "BeanShellSampler" if element.kind == "BeanShellSampler" else ""
    language = element.text("scriptLanguage")
    if element.kind.startswith("BeanShell"):
        language = "beanshell"
    filename = element.text("filename") or element.text(f"{prefix}.filename")
    return node(
        SCRIPTS.get(element.kind, "JSR223Action"),
        element.name,
        enabled=element.enabled,
        language=language or "groovy",
        script=element.text("script") or element.text(f"{prefix}.query"),
        parameters=element.text("parameters") or element.text(f"{prefix}.parameters"),
        filename=file_name(filename) if filename else None,
    )


def debug(element: Element) -> Json:
    """A row that shows variables and properties."""
    return node(
        "DebugAction",
        element.name,
        enabled=element.enabled,
        variablesDisplayed=element.flag("displayJMeterVariables"),
        propertiesDisplayed=element.flag("displayJMeterProperties"),
        systemPropertiesDisplayed=element.flag("displaySystemProperties"),
    )


def pause(element: Element, known: Known) -> Json | None:
    """The pause of a flow control action; None when it does anything else."""
    if element.text("ActionProcessor.action") != _PAUSE:
        return None
    written = element.text("ActionProcessor.duration").strip()
    fixed = known.whole_number(written)
    value = (
        constant(fixed)
        if fixed is not None and fixed >= 0
        else {"@type": "ThinktimeText", "value": written}
    )
    return node("ThinktimeAction", element.name, enabled=element.enabled, thinktime=value)


def generic(element: Element) -> Json:
    """An element that only JMeter knows, kept as it is."""
    return node(
        "GenericAction",
        element.name,
        enabled=element.enabled,
        testClass=element.test_class,
        guiClass=element.gui_class,
        testName=element.name,
        properties=dict(element.properties),
        children=[],
    )
