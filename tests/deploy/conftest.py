"""What `deploy/` ships, tried as far as a machine without containers can."""

from __future__ import annotations

import subprocess
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy"


def told(*command: str | Path) -> str:
    """What a program says; it must end with 0."""
    done = subprocess.run(
        list(map(str, command)),
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def known_variables() -> set[str]:
    """All variables that the configuration reads, those of files included."""
    from octoperf_mcp.config import SECTIONS, variable

    names = {
        variable(section, key)
        for section, settings in SECTIONS.items()
        for key in settings.__dataclass_fields__
    }
    names |= {"OCTOPERF_MCP_JOIN_TOKEN"}
    return names | {f"{name}_FILE" for name in names}
