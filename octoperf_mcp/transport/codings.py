"""Content codings: which representation an Accept-Encoding field asks for (RFC 9110, 12.5.3)."""

import functools
import re
from collections.abc import Mapping
from typing import Final

IDENTITY: Final = "identity"
_WEIGHT: Final = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
_MOST_CHARS: Final = 1000


@functools.lru_cache(maxsize=256)
def chosen(accept_encoding: str, offered: tuple[str, ...]) -> str | None:
    """The coding to answer with; None when all are refused, the plain one too.

    Of codings that are wanted alike the first one offered is taken. The plain one is taken before
    others only where the field puts it first; it may be refused (`identity;q=0`), yet not by
    silence.

    Args:
        accept_encoding: The field; empty when there is none.
        offered: Codings in the order of the server, without identity.
    """
    weights = _weights(accept_encoding)
    others = weights.get("*", 0.0)
    best = max(offered, key=lambda name: weights.get(name, others), default=IDENTITY)
    weight = weights.get(best, others) if best != IDENTITY else 0.0
    plain = weights.get(IDENTITY, 0.0 if weights.get("*") == 0.0 else None)
    if weight > 0 and (plain is None or weight >= plain):
        return best
    return IDENTITY if plain != 0.0 else None


def _weights(field: str) -> Mapping[str, float]:
    """Each coding with its weight; a part that is malformed is passed over."""
    found: dict[str, float] = {}
    for part in field[:_MOST_CHARS].lower().split(","):
        name, _, parameter = part.partition(";")
        key, _, value = parameter.partition("=")
        if key.strip() not in {"", "q"}:
            continue
        text = value.strip() if key.strip() else "1"
        if name.strip() and _WEIGHT.fullmatch(text):
            found[name.strip().removeprefix("x-")] = float(text)
    return found
