"""What the demo shop remembers: its goods, its visitors, and every request it answered."""

import secrets
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

USERS: Mapping[str, str] = {"ada": "lamplight", "grace": "lamplight", "alan": "lamplight"}
"""The customers and their passwords; made up, and shown on the sign-in page."""

_MAX_SESSIONS = 20_000
_MAX_COUNTED = 1_000
_OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class Product:
    """One article; `price_ct` is in euro cents, `stock` in pieces."""

    sku: str
    name: str
    price_ct: int
    stock: int
    text: str


CATALOGUE: Mapping[str, Product] = {
    product.sku: product
    for product in (
        Product("lamp-oslo", "Desk lamp Oslo", 4990, 120, "A small steel lamp with a warm light."),
        Product("lamp-bergen", "Floor lamp Bergen", 12900, 14, "Oak, linen and a long cable."),
        Product("lantern-turku", "Lantern Turku", 3450, 76, "For balconies and storms."),
        Product("candle-lund", "Candle Lund", 890, 600, "Beeswax; burns for nine hours."),
        Product("bulb-e27", "Filament bulb E27", 690, 2000, "Four watts, as bright as forty."),
    )
}


def matching(query: str) -> list[Product]:
    """The articles whose name or text holds `query`, whatever the case; all for an empty one."""
    wanted = query.casefold()
    return [p for p in CATALOGUE.values() if wanted in f"{p.name} {p.text}".casefold()]


@dataclass(slots=True)
class Session:
    """One visitor. `csrf` changes on signing in, as the session's cookie does."""

    id: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    csrf: str = field(default_factory=lambda: secrets.token_hex(16))
    user: str = ""
    cart: dict[str, int] = field(default_factory=dict)
    order: str = ""

    def accepts(self, token: str) -> bool:
        """Whether `token` is this session's; an old one and an empty one are not."""
        return secrets.compare_digest(token.encode(), self.csrf.encode())


class Sessions:
    """Sessions in memory; beyond 20,000 the one unused longest is forgotten."""

    def __init__(self, limit: int = _MAX_SESSIONS) -> None:
        self._limit = limit
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, session_id: str) -> Session | None:
        """The session of a cookie, or None when it is unknown or forgotten."""
        session = self._sessions.get(session_id)
        if session is not None:
            self._sessions.move_to_end(session_id)
        return session

    def open(self) -> Session:
        """Start a session."""
        session = Session()
        self._sessions[session.id] = session
        while len(self._sessions) > self._limit:
            self._sessions.popitem(last=False)
        return session

    def close(self, session_id: str) -> None:
        """Forget a session."""
        self._sessions.pop(session_id, None)


Counted = tuple[str, str, int]
"""Method, path without the query, status of the answer."""


class Counts:
    """Every answered request, by phase.

    A request belongs to the phase in which it arrived. Beyond 1,000 different paths in a phase
    the rest is counted under the path `(other)`; totals stay exact. A message that is no HTTP,
    which the server refuses before the application sees it, is not counted.
    """

    def __init__(self) -> None:
        self.phases: dict[str, Counter[Counted]] = {"": Counter()}
        self.current = ""

    def mark(self, name: str) -> None:
        """Count what arrives from now on under `name`; a known name is continued."""
        self.current = name
        self.phases.setdefault(name, Counter())

    def add(self, phase: str, method: str, path: str, status: int) -> None:
        """Count one request."""
        counter = self.phases[phase]
        key = (method, path, status)
        if key not in counter and len(counter) >= _MAX_COUNTED:
            key = (method, _OTHER, status)
        counter[key] += 1

    def of(self, phase: str | None = None) -> Counter[Counted]:
        """The counts of one phase, empty when it is unknown; None: of all together."""
        if phase is not None:
            return Counter(self.phases.get(phase, Counter()))
        together: Counter[Counted] = Counter()
        for counter in self.phases.values():
            together.update(counter)
        return together

    def to_dict(self) -> dict[str, Any]:
        """All phases in the order of their first mark, JSON-ready."""
        return {
            "phase": self.current,
            "total": sum(counter.total() for counter in self.phases.values()),
            "phases": [
                {
                    "name": name,
                    "total": counter.total(),
                    "requests": [
                        {"method": method, "path": path, "status": status, "count": count}
                        for (method, path, status), count in sorted(counter.items())
                    ],
                }
                for name, counter in self.phases.items()
            ],
        }
