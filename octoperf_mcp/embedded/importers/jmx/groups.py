"""Thread groups of a plan: which there are, and the load that each describes."""

from collections.abc import Iterator, Sequence

from octoperf_mcp.embedded.importers.jmx.known import Known
from octoperf_mcp.embedded.importers.jmx.ledger import Ledger
from octoperf_mcp.embedded.importers.jmx.plan import Element

_GROUP = "ThreadGroup"
_OPEN_MODEL = "OpenModelThreadGroup"
_WHEN = {"SetupThreadGroup": "Runs before the others.", "PostThreadGroup": "Runs after the others."}
LOAD_TOLD = "its users, ramp-up and loops belong to a scenario: create_scenario_ramp_up"


def is_group(element: Element) -> bool:
    """Whether an element is a thread group, of JMeter or of a plugin of its name."""
    return element.kind.endswith(_GROUP) or element.kind == _OPEN_MODEL


def groups_of(plan: Sequence[Element], ledger: Ledger) -> Iterator[tuple[Element, list[Element]]]:
    """Each thread group with the elements beside and above it that work on it, outermost first."""
    for top in plan:
        if is_group(top):
            yield top, []
            continue
        ledger.carry(top)
        around = [one for one in top.children if not is_group(one)]
        for child in around:
            if child.kind == "TestFragmentController":
                ledger.drop(child, "a fragment that no Module Controller plays")
            elif child.kind == "WorkBench":
                ledger.drop(child, "kept by JMeter's window, not by the plan")
        yield from ((child, around) for child in top.children if is_group(child))


def load_of(group: Element, known: Known) -> str:
    """The load of a group in a sentence; empty when it says none."""
    told = []
    for name, words in (
        ("ThreadGroup.num_threads", "{} users"),
        ("ThreadGroup.ramp_time", "ramp-up {} s"),
        ("ThreadGroup.duration", "duration {} s"),
        ("TargetLevel", "{} users"),
        ("RampUp", "ramp-up {}"),
        ("Hold", "hold {}"),
    ):
        written = known.resolved(group.text(name)).strip()
        if written and written != "0":
            told.append(words.format(written[:40]))
    loops = group.nested("ThreadGroup.main_controller").get("LoopController.loops")
    if isinstance(loops, str) and loops not in {"", "-1"}:
        told.append(f"{known.resolved(loops)[:40]} loops")
    policy = group.text("ThreadGroup.on_sample_error")
    if policy and policy != "continue":
        told.append(f"after an error: {policy[:40]}")
    load = f"Planned load: {', '.join(told)}." if told else ""
    return " ".join(piece for piece in (load, _WHEN.get(group.kind, "")) if piece)
