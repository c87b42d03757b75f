"""Options of a JMX import, as they travel in the part `design`."""

from dataclasses import dataclass

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.values import mapping, parse

_WORDS = {"adBlocking": ("DISABLED", "ENABLED"), "resources": ("KEEP_ALL", "REMOVE")}


@dataclass(frozen=True, slots=True)
class JmxOptions:
    """What to make of a plan.

    Args:
        block_ads: Leave out requests to well-known ad and analytics hosts.
        keep_resources: Keep requests for images, style sheets and scripts.
    """

    block_ads: bool = False
    keep_resources: bool = True

    @classmethod
    def from_wire(cls, design: str | None) -> "JmxOptions":
        """The options in the text of the part `design`; without it all is kept.

        Raises:
            ImportFailed: it is no JSON, or a value means nothing.
        """
        if design is None or not design.strip():
            return cls()
        given = mapping(parse(design.encode(), "The part 'design'"))
        for name, words in _WORDS.items():
            if given.get(name) not in (None, "", *words):
                raise ImportFailed(
                    f"The option {name} cannot be {str(given[name])[:40]!r}.",
                    f"Use {' or '.join(words)}.",
                )
        return cls(
            block_ads=given.get("adBlocking") == "ENABLED",
            keep_resources=given.get("resources") != "REMOVE",
        )
