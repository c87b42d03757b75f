"""A Playwright spec as a virtual user that holds the file: the real runner plays it.

Nothing is translated. What is read of the file is whether it is a spec at all, and what it needs
that one file cannot bring.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.nodes import node, virtual_user
from octoperf_mcp.embedded.importers.playwright.calls import Calls
from octoperf_mcp.embedded.importers.playwright.others import stranger
from octoperf_mcp.embedded.importers.playwright.source import Source, read
from octoperf_mcp.embedded.importers.report import summary
from octoperf_mcp.entities.imported import Imported, Note

MAX_BYTES = 1024 * 1024
RUNNERS = frozenset({"@playwright/test", "playwright/test"})
_NODE = frozenset(
    """
    assert async_hooks buffer child_process console crypto dns events fs http http2 https module
    net os path perf_hooks process querystring readline stream string_decoder timers tls tty url
    util v8 vm worker_threads zlib
    """.split()  # noqa: SIM905 - a list of words
)
_SPEC_NAME = re.compile(r".*[.\-_](?:spec|test)\.(?:[cm]?[jt]s)|(?:spec|test)\.(?:[cm]?[jt]s)")
_SUFFIX = re.compile(r"\.[cm]?[jt]sx?$|\.txt$", re.IGNORECASE)
_SPEC_SUFFIX = re.compile(r"[.\-_](?:spec|test)$", re.IGNORECASE)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_LONGEST_STEM = 100
_NEXT = "Send one .spec.ts file that imports test from '@playwright/test' and calls test(…)."


def import_playwright(data: bytes, *, filename: str = "", name: str = "") -> Imported:
    """A virtual user of type PLAYWRIGHT with the file as its one `PlaywrightSpecAction`.

    Args:
        data: The file, in UTF-8.
        filename: As the client calls it; folders in it are left out.
        name: Of the virtual user; empty: taken from the file name.

    Raises:
        ImportFailed: this is no Playwright spec, or it was cut short.
    """
    text = _decoded(data)
    source = read(text)
    calls = Calls(source.tokens)
    _require_spec(text, source, calls)
    kept_as = spec_name(filename)
    result = Imported()
    if filename and kept_as != _flat(filename):
        result.changed.append(Note(_flat(filename), f"kept as {kept_as}, which the runner finds"))
    for declared in calls.tests:
        if declared.how in {"skip", "fixme"}:
            reason = f"test.{declared.how}: the file itself leaves it out"
            result.dropped.append(Note(_line(declared.line), reason))
        else:
            result.carried += 1
    result.changed += _needs(calls)
    stem = _SPEC_SUFFIX.sub("", _SUFFIX.sub("", kept_as))
    made = virtual_user(
        name or stem, [node("PlaywrightSpecAction", kept_as, filename=kept_as, content=text)],
        kind="PLAYWRIGHT",
    )  # fmt: skip
    tests = "1 test" if result.carried == 1 else f"{result.carried} tests"
    made["description"] = summary(f"Imported from {kept_as}: {tests}.", result)
    result.virtual_users = [made]
    return result


def spec_name(filename: str) -> str:
    """A name that Playwright takes for a spec, without folders."""
    flat = _flat(filename)
    if _SPEC_NAME.fullmatch(flat) and len(flat) <= _LONGEST_STEM:
        return flat
    stem = re.sub(r"[^\w.-]+", "-", _SUFFIX.sub("", flat)).strip(".-")
    stem = _SPEC_SUFFIX.sub("", stem)[:_LONGEST_STEM] or "imported"
    return f"{stem}.spec.{'js' if flat.lower().endswith('.js') else 'ts'}"


def _flat(filename: str) -> str:
    return PurePosixPath(PureWindowsPath(filename).name).name


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise ImportFailed(
            f"The file is larger than {MAX_BYTES} bytes, which no spec is.",
            "Keep test data out of the spec.",
        )
    if other := stranger(data):
        raise ImportFailed(f"The file is {other}, not a Playwright spec.", _NEXT)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportFailed(
            f"The file is not UTF-8 text (byte {error.start}).", "Save it again as UTF-8."
        ) from None
    if not text.strip():
        raise ImportFailed("The file is empty.", _NEXT)
    return text


def _require_spec(text: str, source: Source, calls: Calls) -> None:
    modules = {one.module for one in calls.imports}
    if "defineConfig" in calls.called and not calls.tests:
        raise ImportFailed(
            "This is a Playwright configuration, which would be run as a spec without tests.",
            "Send the spec; put settings into it with test.use({…}), or into the user profile.",
        )
    if source.open and source.sure:
        raise ImportFailed(
            f"The file ends within what began in line {source.open[-1]}: it was cut short.",
            "Send the whole file.",
        )
    if not (modules & RUNNERS or any(_is_local(one) for one in modules)):
        other = stranger(text.encode(), modules)
        told = f"The file is {other}" if other else "The file imports nothing from @playwright/test"
        raise ImportFailed(f"{told}, so it is no Playwright spec.", _NEXT)
    if not calls.tests:
        raise ImportFailed("The file has no test(…): there is nothing to run.", _NEXT)


def _needs(calls: Calls) -> Iterator[Note]:
    """What the file asks for that it does not bring."""
    for one in calls.imports:
        if _is_local(one.module):
            reason = (
                f"imports {one.module!r}, which is not here: add that file with "
                "patch_virtual_user, as a PlaywrightSpecAction under its file name"
            )
            yield Note(_line(one.line), reason)
        elif one.module not in RUNNERS and not _is_nodes(one.module):
            reason = f"imports the package {one.module!r}: only Playwright and Node's own are there"
            yield Note(_line(one.line), reason)
    if not calls.has_base_url:
        for visited in calls.visited:
            if not _ABSOLUTE.match(visited.text) and visited.text:
                reason = (
                    "goes to a relative address: set baseURL of the user profile's engine, "
                    "or test.use({ baseURL: … }) in the file"
                )
                yield Note(_line(visited.line), reason)
    for used in calls.dependent:
        yield Note(_line(used.line), used.text)
    if any(declared.how == "only" for declared in calls.tests):
        yield Note("test.only", "the tests without it do not run")


def _is_local(module: str) -> bool:
    return module.startswith((".", "/", "~/", "@/"))


def _is_nodes(module: str) -> bool:
    return module.startswith("node:") or module.partition("/")[0] in _NODE or module == "playwright"


def _line(number: int) -> str:
    return f"line {number}"
