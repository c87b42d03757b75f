"""Files that are sent in place of a Playwright spec, by what they look like."""

from collections.abc import Collection

_BEGINNINGS = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"%PDF", "a PDF"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)
_TEXTS = (
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "XML"),
    (b"<jmetertestplan", "a JMeter test plan"),
    (b"{", "JSON"),
    (b"feature:", "a Gherkin feature"),
    (b"import re\n", "Python"),
    (b"from playwright.", "Python"),
    (b"import pytest", "Python"),
)
_MODULES = {
    "cypress": "a Cypress test",
    "k6": "a k6 script",
    "k6/http": "a k6 script",
    "mocha": "a Mocha test",
    "puppeteer": "a Puppeteer script",
    "selenium-webdriver": "a Selenium script",
    "webdriverio": "a WebdriverIO test",
    "@wdio/globals": "a WebdriverIO test",
    "vitest": "a Vitest test",
    "@jest/globals": "a Jest test",
    "playwright": "a script of the Playwright library without its test runner",
}


def stranger(data: bytes, modules: Collection[str] = ()) -> str:
    """What a file is instead of a spec, with its article; empty when nothing is recognised.

    Args:
        data: The file.
        modules: What it imports, once that is known.
    """
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            return kind
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginning, kind in _TEXTS:
        if start.startswith(beginning):
            return kind
    if b"\0" in data[:4096]:
        return "binary"
    return next((_MODULES[one] for one in sorted(modules) if one in _MODULES), "")
