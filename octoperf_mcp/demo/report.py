"""The short report at the end of the demo."""

from collections.abc import Mapping
from typing import Any

from octoperf_mcp.demo.job import Found

_TITLES = {
    "project": "Project",
    "virtualUser": "Virtual user",
    "scenario": "Scenario",
    "report": "Report",
}


def report_of(found: Found, seconds: float) -> str:
    """Figures, links and the verdict, as lines of text."""
    figures = [_figure(row) for row in found.figures.get("summary", ())]
    width = max((len(name) for name, _ in figures), default=0)
    lines = ["", "What the load run measured:"]
    lines += [f"  {name:<{width}}  {value}" for name, value in figures]
    lines += ["", "Pages:"]
    lines += [f"  {title:<12}  {found.links[key]}" for key, title in _TITLES.items()]
    lines.append("")
    if found.failed:
        lines.append(f"{len(found.failed)} checks did not hold:")
        lines += [f"  - {claim}" for claim in found.failed]
    else:
        lines.append(f"Every check held, in {seconds:.0f} s.")
    return "\n".join(lines)


def _figure(row: Mapping[str, Any]) -> tuple[str, str]:
    value = float(row["value"])
    shown = f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"
    name = str(row["metric"]).replace("_", " ").lower()
    return name, f"{shown} {row.get('unit') or ''}".rstrip()
