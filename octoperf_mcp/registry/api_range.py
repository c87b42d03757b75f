"""The version of the plugin API, and the range of versions that a plugin declares.

`MAJOR.MINOR`: a new minor adds hooks, parameters or names, a new major takes some away. A plugin's
module says what it was written for: `octoperf_mcp_api = ">=1.0,<2"`.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from octoperf_mcp.errors import PluginError

API_VERSION: Final = "1.0"
ATTRIBUTE: Final = "octoperf_mcp_api"
"""Name in the plugin's module."""

_CLAUSE: Final = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d{1,4})(?:\.(\d{1,4}))?", re.ASCII)
_COMPARE: Final[Mapping[str, Callable[[tuple[int, int], tuple[int, int]], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


def check_range(declared: object, version: str = API_VERSION) -> str:
    """The declared range as text, empty when none is declared.

    Raises:
        PluginError: it cannot be read, or leaves this version out.
    """
    if declared is None:
        return ""
    if not isinstance(declared, str) or not declared.strip():
        raise PluginError(f'{ATTRIBUTE} must be a text such as ">=1.0,<2", not {declared!r}')
    major, _, minor = version.partition(".")
    ours = int(major), int(minor)
    for clause in declared.split(","):
        found = _CLAUSE.fullmatch(clause.strip())
        if found is None:
            raise PluginError(f'{ATTRIBUTE} = "{declared}" cannot be read: write ">=1.0,<2"')
        wanted = int(found[2]), int(found[3] or 0)
        if not _COMPARE[found[1]](ours, wanted):
            raise PluginError(
                f"it needs the plugin API {declared}, and this is {version}: install a version of "
                f"it for {version}, or another of octoperf-mcp"
            )
    return declared.strip()
