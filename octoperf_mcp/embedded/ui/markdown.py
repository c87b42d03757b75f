"""Markdown of people as HTML: no markup of theirs, no pictures from elsewhere."""

from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_UNDER_THE_TITLE = 2
"""Levels that headings sink: the page's is `h1`, that of an item `h2`."""
_LEAST = 6


def html_of(text: str) -> Markup:
    """A text of a report, without headings that are greater than its item's."""
    tokens = _parser().parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1:]) + _UNDER_THE_TITLE, _LEAST)}"
    rendered = _parser().renderer.render(tokens, _parser().options, {})
    return Markup(rendered)  # noqa: S704 - the parser escapes all that is not Markdown


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415 - a page with such a text needs it

    # breaks: people press Enter where they want a line to end
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
    return parser.enable("table").disable(["image"])
