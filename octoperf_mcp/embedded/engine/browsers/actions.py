"""Actions of browser virtual users: a spec, or a list of WebDriver steps, played by the runner."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from octoperf_mcp.embedded.engine.actions.compiler import Node, Scope, action
from octoperf_mcp.embedded.engine.actions.scripts import failing_row
from octoperf_mcp.embedded.engine.browsers.rows import Iteration, ListedIteration, Owner, Verdict
from octoperf_mcp.embedded.engine.browsers.seat import BrowserSeat
from octoperf_mcp.embedded.engine.browsers.tools import BrowserToolsError, find_tools
from octoperf_mcp.embedded.engine.browsers.webdriver import (
    FILENAME,
    TYPES,
    lines_of,
    spec_of,
    steps_of,
)
from octoperf_mcp.embedded.engine.play.program import Step
from octoperf_mcp.embedded.engine.play.session import Outcome, UserSession
from octoperf_mcp.embedded.engine.processes.masks import Mask
from octoperf_mcp.embedded.engine.wire.exchange import Exchange

SPEC = "PlaywrightSpecAction"
OTHER_TYPE = "browser scripts run in virtual users of their own type only"
_SEAT = "browser seat"
_FAILED_TRACES = 10
"""So many failed iterations of a load run keep their trace."""
_LIMIT_MS = 10 * 60_000
_LOCAL = re.compile(r"""(?:\bfrom|\brequire\s*\(|\bimport\s*\(?)\s*["'](\.{1,2}/[^"']+)["']""")
_SUFFIX = re.compile(r"\.[cm]?[jt]sx?$")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = re.compile(
    r"(?i)PATH|HOME|TMPDIR|LANG|NO_COLOR|(?:LD_|DYLD_|NODE_|PW|OCTOPERF|DEBUG).*"
)

Json = dict[str, Any]


def sources_of(tree: Mapping[str, Any]) -> dict[str, str]:
    """Content of each enabled file of a virtual user, by its name; a disabled one is left out."""
    found: dict[str, str] = {}
    waiting = [tree]
    while waiting:
        for node in waiting.pop().get("children") or []:
            if node.get("enabled"):
                waiting.append(node)
                if node.get("@type") == SPEC and is_safe(str(node.get("filename") or "")):
                    found[str(node["filename"])] = str(node.get("content") or "")
    return found


def is_safe(filename: str) -> bool:
    """Whether a file of a virtual user stays in its own folder."""
    path = PurePosixPath(filename)
    parts = path.parts
    return bool(parts) and not (
        path.is_absolute() or ".." in parts or "node_modules" in parts or "\\" in filename
    )


def imported_by(sources: Mapping[str, str]) -> dict[str, str]:
    """Files that another one imports, with that one's name: they are modules, not tests."""
    stems = {_SUFFIX.sub("", name): name for name in sources}
    found: dict[str, str] = {}
    for name, content in sources.items():
        for mentioned in _LOCAL.findall(content):
            target = _joined(PurePosixPath(name).parent, mentioned)
            module = stems.get(_SUFFIX.sub("", target))
            if module and module != name:
                found[module] = name
    return found


def _joined(folder: PurePosixPath, relative: str) -> str:
    parts: list[str] = list(folder.parts)
    for part in PurePosixPath(relative).parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


@action(SPEC)
def _spec(node: Node, scope: Scope) -> Step | None:
    tree = scope.trees.get(scope.program.virtual_user_id) or {}
    if tree.get("type") != "PLAYWRIGHT":
        return failing_row(node, scope, f"{OTHER_TYPE}, so it is not run by this engine")
    filename = str(node.get("filename") or "")
    if not is_safe(filename):
        return failing_row(node, scope, f"{filename!r} is no file name in a folder of its own")
    sources = sources_of(tree)
    if (importer := imported_by(sources).get(filename)) is not None:
        scope.warn(f"{filename} is imported by {importer}: it is a module, not played by itself")
        return None
    owner = Owner(str(node.get("id")), scope.program.virtual_user_id, scope.program.profile)
    names = {owner.action_id: str(node.get("name") or filename)}
    return _Script(
        filename, lambda _: sources, lambda: Iteration(owner), names, scope.options.validating
    ).play


@action(*TYPES)
def _stray(node: Node, scope: Scope) -> Step:
    return failing_row(node, scope, f"{OTHER_TYPE}, so it is not run by this engine")


def compile_list(tree: Node, scope: Scope) -> Step:
    """All steps of a WebDriver virtual user as one: they share a page."""
    program = scope.program
    nodes = {str(number): node for number, node in enumerate(steps_of(tree), start=1)}
    if not nodes:
        return lambda _: None
    owners = {
        title: Owner(str(node.get("id")), program.virtual_user_id, program.profile)
        for title, node in nodes.items()
    }
    texts = {title: lines_of(node) for title, node in nodes.items()}

    def sources(session: UserSession) -> dict[str, str]:
        rendered = [
            (title, [each.render(session) for each in each_texts])
            for title, each_texts in texts.items()
        ]
        return {FILENAME: spec_of(rendered)}

    names = {str(node.get("id")): str(node.get("name") or "") for node in nodes.values()}
    first = owners["1"]
    return _Script(
        FILENAME,
        sources,
        lambda: ListedIteration(first, owners=owners),
        names,
        scope.options.validating,
    ).play


@dataclass(slots=True)
class _Script:
    """One action that the runner plays."""

    filename: str
    sources: Callable[[UserSession], dict[str, str]]
    iteration: Callable[[], Iteration]
    names: Mapping[str, str]
    """Of the actions, by their ids."""
    validating: bool
    iterations: int = 0
    traced_failures: int = 0

    def play(self, session: UserSession) -> None:
        """One iteration."""
        session.checkpoint()
        session.waited()
        iteration = self.iteration()
        began_ms = time.time_ns() // 1_000_000
        mask = Mask(session.program.secrets)
        files: list[str] = []
        try:
            seat = self._seat(session)
            for event in seat.play(self._order(session)):
                self._heed(event, iteration, mask, session)
                files = event.get("files") or files
        except BrowserToolsError as error:
            iteration.told.append(str(error))
            iteration.tests = 1
            iteration.ran = 1
        except BaseException:
            cut = iteration.sample(began_ms, time.time_ns() / 1_000_000 - began_ms, ok=False)
            cut.cut_off = True
            session.report(Outcome(cut, message="Stopped in flight"))
            raise
        self._end(session, iteration, began_ms, files)

    def _heed(self, event: Json, iteration: Iteration, mask: Mask, session: UserSession) -> None:
        if event["event"] == "output":
            session.log(f"{self.filename}: {str(event['text']).rstrip()}")
            return
        for sample in iteration.take(event):
            sample.action_id = mask.text(sample.action_id)
            session.report(Outcome(sample))

    def _end(
        self, session: UserSession, iteration: Iteration, began_ms: int, files: list[str]
    ) -> None:
        self.iterations += 1
        if iteration.ran and iteration.started_ms:
            for sample in iteration.groups():
                session.report(Outcome(sample))
        verdicts = iteration.script(began_ms)
        failed = any(not sample.ok for sample, *_ in verdicts)
        if failed and any(name.endswith(".zip") for name in files):
            self.traced_failures += 1
        lines = [*iteration.lines, *(f"file       {name}" for name in files)]
        for verdict in verdicts:
            self._report(session, verdict, lines)

    def _report(self, session: UserSession, verdict: Verdict, lines: list[str]) -> None:
        sample, checks, message = verdict
        session.sampler_name = self.names.get(sample.action_id, self.filename)
        exchange = Exchange("", "", [], b"", sample.started_ms)
        exchange.status = 0 if sample.code == "-1" else int(sample.code)
        exchange.reason = "OK" if sample.ok else ""
        exchange.headers = [("Content-Type", "text/plain; charset=utf-8")]
        exchange.raw_body = "\n".join([*([message, ""] if message else []), *lines]).encode()
        if not sample.ok:
            session.log(f"{session.sampler_name}: {message}", level="ERROR")
        session.report(Outcome(sample, exchange, checks, message))

    def _seat(self, session: UserSession) -> BrowserSeat:
        found = session.store.get(_SEAT)
        if isinstance(found, BrowserSeat):
            return found
        browser = session.program.browser
        tools = find_tools(browser.folder, browser.chromium)
        order = {
            "files": browser.files,
            "resources": str(session.program.resources),
            "sources": self.sources(session),
            "secrets": session.program.secrets,
            "reach": browser.reach,
        }
        seat = BrowserSeat(tools, order)
        session.store[_SEAT] = seat
        session.at_end.append(seat.close)
        return seat

    def _order(self, session: UserSession) -> Json:
        browser = session.program.browser
        return {
            "play": session.iteration,
            "action": next(iter(self.names)),
            "spec": self.filename,
            "sources": self.sources(session),
            "environment": environment_of(session.variables),
            "options": {
                "timeoutMs": browser.timeout_ms,
                "limitMs": _LIMIT_MS,
                "baseURL": browser.base_url,
                "device": browser.device,
                "slowMoMs": browser.slow_mo_ms,
                "steps": len(self.names),
                **self._recording(),
            },
        }

    def _recording(self) -> Json:
        """All of a validation; of a load the first iteration, and some that failed."""
        if self.validating:
            return {"trace": "on", "screenshot": "on", "har": "embed"}
        if not self.iterations:
            return {"trace": "on", "screenshot": "on", "har": "omit"}
        if self.traced_failures < _FAILED_TRACES:
            return {"trace": "retain-on-failure", "screenshot": "only-on-failure", "har": ""}
        return {"trace": "off", "screenshot": "off", "har": ""}


def environment_of(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables of the user as `process.env` of a spec; those of the system stay."""
    return {
        name: value
        for name, value in variables.items()
        if _NAME.fullmatch(name) and not _RESERVED.fullmatch(name) and "\0" not in value
    }
