"""What an archive is that is none of ours: recognised by the names in it, or by its first bytes."""

import re
from collections.abc import Sequence

_SIGNS = (
    (r"(^|/)trace\.(trace|network|stacks)$", "a Playwright trace", ""),
    (
        r"\.(spec|test)\.[cm]?[jt]s$|(^|/)playwright\.config\.[cm]?[jt]s$",
        "a Playwright project",
        "Send its spec with import_playwright_virtual_user.",
    ),
    (
        r"\.jmx$",
        "an archive with a JMeter test plan",
        "Unpack it and send the .jmx with upload_jmx_virtual_user.",
    ),
    (
        r"\.har$",
        "a HAR with its bodies beside it",
        "Record again with the bodies embedded, and use import_har_virtual_user.",
    ),
    (
        r"\.postman_collection\.json$",
        "an archive with a Postman collection",
        "Unpack it and send the collection with import_postman_virtual_user.",
    ),
    (r"\.nlp$|(^|/)(repository\.xml|config\.zip)$", "a NeoLoad project", ""),
    (r"\.(usr|lrs|prm)$|(^|/)(default\.usp|vuser_init\.c)$", "a LoadRunner script", ""),
    (r"-soapui-project\.xml$", "a SoapUI project", ""),
    (r"\.scala$|(^|/)simulation\.log$", "a Gatling project", ""),
    (r"(^|/)locustfile\.py$", "a Locust project", ""),
    (r"\.jtl$", "an archive of JMeter results", ""),
    (r"^META-INF/MANIFEST\.MF$", "a Java archive", ""),
    (r"^\[Content_Types\]\.xml$", "an Office document", ""),
)
_BEGINNINGS = (
    (b"\x1f\x8b", "a gzip file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"<", "XML or a web page"),
    (b"%PDF", "a PDF"),
)
_TAR_MARK = b"ustar"
_TAR_MARK_AT = 257

_UNKNOWN = (
    "a zip without manifest.json: not an archive of this platform; OctoPerf's own archives have a "
    "layout that is not public"
)

OURS = "Send a zip that export_virtual_user_archive made."


def beginning(data: bytes) -> str:
    """What a file is that is no zip, by its first 512 bytes, with its article."""
    if data[_TAR_MARK_AT:].startswith(_TAR_MARK):
        return "a tar archive"
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    return next((kind for sign, kind in _BEGINNINGS if start.startswith(sign)), "no zip archive")


def stranger(names: Sequence[str]) -> tuple[str, str]:
    """What a zip of these names is, and what to do with it."""
    for sign, kind, advice in _SIGNS:
        if any(re.search(sign, name, re.IGNORECASE) for name in names):
            return f"{kind}, not an archive of this platform", advice or OURS
    return _UNKNOWN, OURS
