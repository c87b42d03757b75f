"""What a page shows besides itself: images, scripts, style sheets, frames."""

import html
import re
from collections.abc import Iterator
from urllib.parse import urldefrag, urljoin

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SCRIPT = re.compile(r"(<script\b[^>]*>).*?</script\s*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(
    r"<(base|body|embed|frame|iframe|img|input|link|object|script)\b"
    r"((?:\"[^\"]*\"|'[^']*'|[^'\">])*)>",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_SOURCES = {
    "body": "background",
    "embed": "src",
    "frame": "src",
    "iframe": "src",
    "img": "src",
    "input": "src",
    "link": "href",
    "object": "data",
    "script": "src",
}
_SHOWN_LINKS = {"stylesheet", "icon"}
MOST = 300
"""Resources of one page that are fetched."""


def resources_of(page: str, url: str) -> list[str]:
    """Absolute HTTP addresses of a page's resources, each once, in the order of the page.

    Args:
        page: HTML; broken HTML too.
        url: Address of the page.
    """
    base = url
    found: dict[str, None] = {}
    for tag, attributes in _tags(_SCRIPT.sub(r"\1", _COMMENT.sub("", page))):
        if tag == "base":
            base = urljoin(url, attributes.get("href", ""))
            continue
        source = attributes.get(_SOURCES[tag], "").strip()
        if not source or not _is_shown(tag, attributes):
            continue
        try:
            address = urldefrag(urljoin(base, source)).url
        except ValueError:
            continue
        if address.startswith(("http://", "https://")):
            found[address] = None
        if len(found) >= MOST:
            break
    return list(found)


def _tags(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    for found in _TAG.finditer(page):
        yield (
            found.group(1).lower(),
            {
                name.lower(): html.unescape(double or single or bare)
                for name, double, single, bare in _ATTRIBUTE.findall(found.group(2))
            },
        )


def _is_shown(tag: str, attributes: dict[str, str]) -> bool:
    if tag == "link":
        return not _SHOWN_LINKS.isdisjoint(attributes.get("rel", "").lower().split())
    return tag != "input" or attributes.get("type", "").lower() == "image"
