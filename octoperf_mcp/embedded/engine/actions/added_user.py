"""A virtual user as an action of a plugin sees it; see `entities.playing` for what it promises."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.engine.actions.assertions import Assertion
from octoperf_mcp.embedded.engine.actions.compiler import Node, Scope
from octoperf_mcp.embedded.engine.actions.extractors import Extractor
from octoperf_mcp.embedded.engine.actions.judging import Judge
from octoperf_mcp.embedded.engine.actions.samples import judged_sample, sample_of
from octoperf_mcp.embedded.engine.play.control import Departure
from octoperf_mcp.embedded.engine.play.program import Step
from octoperf_mcp.embedded.engine.play.session import Outcome, UserSession
from octoperf_mcp.embedded.engine.texts.templates import Template, compile_text
from octoperf_mcp.embedded.engine.wire.exchange import Exchange
from octoperf_mcp.embedded.engine.wire.guarded_socket import GuardedSocket
from octoperf_mcp.embedded.engine.wire.transport import Server
from octoperf_mcp.entities.action_types import property_of
from octoperf_mcp.entities.playing import ActionFailedError, Headers

_TRUE = frozenset({"true", "1", "yes"})
_LONGEST_MESSAGE = 1000


class Compiled:
    """An action that users share: its texts are compiled once."""

    def __init__(
        self,
        node: Node,
        scope: Scope,
        plugin: str,
        extractors: Sequence[Extractor],
        assertions: Sequence[Assertion],
        *,
        body: Step | None = None,
    ) -> None:
        self.id = str(node.get("id"))
        self.node = {key: value for key, value in node.items() if key != "children"}
        self.name = str(node.get("name") or node.get("@type"))
        self.plugin = plugin
        self.scope = scope
        self.extractors = extractors
        self.judge = Judge(assertions, None, validating=False)
        self.body = body
        self._texts: dict[str, Template] = {}

    def text(self, name: str, session: UserSession) -> str:
        """A property with its variables."""
        return self.rendered(property_of(self.node, name), session)

    def rendered(self, text: str, session: UserSession) -> str:
        """A text of the action with its variables."""
        if text not in self._texts:
            self._texts[text] = compile_text(text)
        return self._texts[text].render(session)


@dataclass(slots=True)
class _Row:
    """See `ActionSample`."""

    exchange: Exchange
    began_ns: int = field(default_factory=time.perf_counter_ns)

    def connected(self) -> None:
        self.exchange.connect_us = max(1, self._elapsed_us())

    def sent(self, data: bytes | str, *, headers: Headers = (), size: int | None = None) -> None:
        body = _bytes(data)
        self.exchange.sent_headers = list(headers)
        self.exchange.sent_body = body
        self.exchange.sent_bytes = len(body) if size is None else size
        self.exchange.on_wire = True

    def received(
        self,
        data: bytes | str,
        *,
        code: int = 200,
        message: str = "OK",
        headers: Headers = (),
        content_type: str = "text/plain; charset=utf-8",
        size: int | None = None,
    ) -> None:
        body, exchange = _bytes(data), self.exchange
        exchange.status, exchange.reason = code, message
        exchange.headers = [*headers, ("Content-Type", content_type)]
        exchange.raw_body = body
        exchange.received_bytes = len(body) if size is None else size
        exchange.latency_us = self._elapsed_us()

    def close(self) -> None:
        self.exchange.elapsed_us = self._elapsed_us()

    def _elapsed_us(self) -> int:
        return (time.perf_counter_ns() - self.began_ns) // 1000


class AtAction:
    """See `ActionUser`."""

    def __init__(self, compiled: Compiled, session: UserSession) -> None:
        self._compiled = compiled
        self._session = session
        self._told: BaseException | None = None

    @property
    def action(self) -> Mapping[str, Any]:
        """See `ActionUser.action`."""
        return self._compiled.node

    @property
    def state(self) -> dict[str, Any]:
        """See `ActionUser.state`."""
        kept: dict[str, Any] = self._session.store.setdefault((AtAction, self._compiled.plugin), {})
        return kept

    @property
    def is_over(self) -> bool:
        """See `ActionUser.is_over`."""
        return self._session.is_over()

    def text(self, name: str, default: str = "") -> str:
        """See `ActionUser.text`."""
        return self._compiled.text(name, self._session) or default

    def integer(self, name: str, default: int = 0) -> int:
        """See `ActionUser.integer`."""
        given = self.text(name).strip()
        try:
            return int(given) if given else default
        except ValueError:
            raise ActionFailedError(f"{name} is no number: {given[:80]!r}") from None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """See `ActionUser.flag`."""
        given = self.text(name).strip().lower()
        return given in _TRUE if given else default

    def render(self, text: str) -> str:
        """See `ActionUser.render`."""
        return self._compiled.rendered(text, self._session)

    def file(self, name: str) -> bytes:
        """See `ActionUser.file`."""
        known = Path(name).name
        try:
            return (self._compiled.scope.resources / known).read_bytes()
        except OSError as error:
            told = f"java.io.FileNotFoundException: resources/{known} ({error.strerror})"
            raise ActionFailedError(told) from error

    def server(self) -> Server | None:
        """See `ActionUser.server`."""
        found = self._compiled.scope.servers.get(str(self._compiled.node.get("serverId")))
        if found is None:
            return None
        return replace(found, hostname=self.render(found.hostname))

    def variable(self, name: str) -> str | None:
        """See `ActionUser.variable`."""
        return self._session.variables.get(name)

    def set_variable(self, name: str, value: str) -> None:
        """See `ActionUser.set_variable`."""
        self._session.variables[name] = str(value)

    def cookies(self, host: str, path: str, *, secure: bool) -> str:
        """See `ActionUser.cookies`."""
        if not self._compiled.scope.options.sends_cookies:
            return ""
        return self._session.cookies.header(host, path, secure=secure)

    def connect(
        self,
        host: str,
        port: int,
        *,
        tls: bool = False,
        connect_timeout_ms: int = 0,
        read_timeout_ms: int = 0,
    ) -> GuardedSocket:
        """See `ActionUser.connect`."""
        scheme = "https" if tls else "http"
        server = Server(scheme, host, port, connect_timeout_ms, read_timeout_ms)
        return self._session.transport.open(server)

    @contextmanager
    def sample(self, method: str = "", url: str = "") -> Iterator[_Row]:
        """See `ActionUser.sample`."""
        session = self._session
        session.checkpoint()
        session.sampler_name = self._compiled.name
        row = _Row(Exchange(method, url, [], b"", time.time_ns() // 1_000_000))
        try:
            yield row
        except Departure:
            raise
        except Exception as error:
            row.close()
            row.exchange.failure = _message_of(error)
            self._told = error
            self._report(row.exchange)
            raise
        except BaseException:
            row.close()
            compiled = self._compiled
            cut = sample_of(row.exchange, compiled.scope.program, compiled.id, ok=False)
            cut.cut_off = True
            session.report(Outcome(cut, row.exchange, message="Stopped in flight"))
            raise
        row.close()
        self._report(row.exchange)

    def pause(self, ms: float) -> None:
        """See `ActionUser.pause`."""
        self._session.pause(ms)

    def play_children(self) -> None:
        """See `ActionUser.play_children`."""
        if self._compiled.body is not None:
            self._session.turn()
            self._compiled.body(self._session)

    def at_end(self, close: Callable[[], None], *, of_iteration: bool = False) -> None:
        """See `ActionUser.at_end`."""

        def quietly() -> None:
            try:
                close()
            except Exception as error:  # noqa: BLE001 - code of others, which may do anything
                self.log(f"{self._compiled.plugin} did not close: {error}", level="WARN")

        ends = self._session.at_iteration_end if of_iteration else self._session.at_end
        ends.append(quietly)

    def log(self, message: str, *, level: str = "INFO") -> None:
        """See `ActionUser.log`."""
        self._session.log(message, level=level)

    def failed(self, error: Exception) -> None:
        """What the action raised is a KO row, unless one of its own says so already."""
        if error is self._told:
            return
        session = self._session
        session.sampler_name = self._compiled.name
        exchange = Exchange("", "", [], b"", time.time_ns() // 1_000_000)
        exchange.failure = _message_of(error)
        self._report(exchange)

    def _report(self, exchange: Exchange) -> None:
        session, extracted = self._session, list[str]()
        if exchange.status and not exchange.failure:
            for extractor in self._compiled.extractors:
                extracted += extractor(session, exchange)
        verdict = self._compiled.judge.judge(session, exchange)
        message = verdict.message or ("" if verdict.ok else "The action recorded no answer")
        compiled = self._compiled
        sample = judged_sample(exchange, compiled.scope.program, compiled.id, verdict)
        values = [(name, session.variables.get(name, "")) for name in dict.fromkeys(extracted)]
        session.report(Outcome(sample, exchange, verdict.checks, message, values))


def _message_of(error: Exception) -> str:
    if isinstance(error, ActionFailedError):
        return error.message[:_LONGEST_MESSAGE]
    return f"{type(error).__name__}: {error}"[:_LONGEST_MESSAGE]


def _bytes(data: bytes | str) -> bytes:
    return data.encode("utf-8", "replace") if isinstance(data, str) else bytes(data)
