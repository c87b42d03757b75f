"""Accounts for each element of a plan once: carried over, dropped, or kept as a generic action."""

from collections.abc import Iterable

from octoperf_mcp.embedded.importers.jmx.plan import Element
from octoperf_mcp.entities.imported import Imported, Note

_PATH_LENGTH = 400


class Ledger:
    """What became of which element; the first word about an element counts."""

    def __init__(self) -> None:
        self._carried: set[Element] = set()
        self._dropped: dict[Element, str] = {}
        self._generic: dict[Element, str] = {}
        self._changed: dict[tuple[str, str], None] = {}

    def carry(self, element: Element) -> None:
        """It is part of what was made."""
        self._carried.add(element)

    def drop(self, element: Element, reason: str) -> None:
        """It has no counterpart, with all below it."""
        for one in element.walk():
            self._dropped.setdefault(one, reason)

    def drop_alone(self, element: Element, reason: str) -> None:
        """It has no counterpart, but what stands below it may have."""
        self._dropped.setdefault(element, reason)

    def keep(self, element: Element, reason: str) -> None:
        """It became a GenericAction."""
        self._generic.setdefault(element, reason)

    def change(self, place: Element | str, reason: str) -> None:
        """It was carried over, but will not do quite the same."""
        path = place.path if isinstance(place, Element) else place
        self._changed[path[:_PATH_LENGTH], reason] = None

    def close(self, elements: Iterable[Element], result: Imported) -> None:
        """Write the account of all elements into the result."""
        for element in elements:
            if element in self._carried:
                result.carried += 1
            elif element in self._generic:
                result.generic.append(_note(element, self._generic[element]))
            else:
                reason = self._dropped.get(element, "has no effect where it stands")
                result.dropped.append(_note(element, reason))
        result.changed += [Note(path, reason) for path, reason in self._changed]


def _note(element: Element, reason: str) -> Note:
    return Note(element.path[:_PATH_LENGTH], reason)
