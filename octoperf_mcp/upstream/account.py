"""What the bridge tells the platform of a tool call, for the platform's audit trail.

One header on each REST call of the tool: tool, client, request id, a digest of the arguments, and
the arguments as far as they can tell no secret. It is sent only where `GET /capabilities` says
that it is read.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from octoperf_mcp.registry.context import CallScope

HEADER: Final = "Octoperf-Mcp-Call"
_TOLD = re.compile(r"(?:^i|I)ds?$|^(?:name|type|kind|role|state|mode|format|filename)$")
"""Names of arguments whose texts are told; any other text could be somebody's secret."""
_MOST_TEXT: Final = 100
_MOST_ITEMS: Final = 10
_MOST_ARGUMENTS: Final = 30


def account(scope: CallScope) -> str:
    """The value of the header."""
    described = scope.description
    arguments = described["arguments"]
    told = {
        "tool": described["name"],
        "client": described["client"],
        "requestId": scope.request_id,
        "digest": digest(arguments),
        "arguments": redacted(arguments),
    }
    return base64.urlsafe_b64encode(orjson.dumps(told)).decode()


def digest(arguments: Mapping[str, Any]) -> str:
    """Equal for equal arguments, whatever the order of their names: 16 hexadecimal digits."""
    canonical = orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(canonical).hexdigest()[:16]


def redacted(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Ids, names, numbers and truths as they are; of everything else only how much it is."""
    few = list(arguments.items())[:_MOST_ARGUMENTS]
    return {str(name)[:_MOST_TEXT]: _shown(str(name), value) for name, value in few}


def _shown(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        if _TOLD.search(name) and len(value) <= _MOST_TEXT:
            return value
        return f"[{len(value)} characters]"
    if isinstance(value, list):
        if _TOLD.search(name) and len(value) <= _MOST_ITEMS:
            return [_shown(name, item) for item in value]
        return f"[{len(value)} items]"
    return f"[{len(value)} members]"
