"""HttpRequestAction: from the node to an exchange on the wire, judged and reported."""

import contextlib
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin

import gevent

from octoperf_mcp.embedded.engine.actions.assertions import Assertion
from octoperf_mcp.embedded.engine.actions.bodies import MissingFileError, compile_body
from octoperf_mcp.embedded.engine.actions.compiler import (
    Node,
    Scope,
    action,
    compile_action,
    is_processor,
    processors,
)
from octoperf_mcp.embedded.engine.actions.extractors import Extractor
from octoperf_mcp.embedded.engine.actions.judging import (
    FIRST_ERROR,
    Judge,
    Verdict,
    part_is_ok,
    part_message,
)
from octoperf_mcp.embedded.engine.actions.request_head import (
    Credentials,
    RequestHead,
    compile_head,
)
from octoperf_mcp.embedded.engine.actions.resources import resources_of
from octoperf_mcp.embedded.engine.actions.samples import judged_sample, sample_of
from octoperf_mcp.embedded.engine.actions.scripts import failing_row
from octoperf_mcp.embedded.engine.actions.timers import compile_thinktime
from octoperf_mcp.embedded.engine.play.control import Departure
from octoperf_mcp.embedded.engine.play.program import Measure, Step
from octoperf_mcp.embedded.engine.play.session import Outcome, UserSession
from octoperf_mcp.embedded.engine.wire.digest import Challenge
from octoperf_mcp.embedded.engine.wire.exchange import Exchange, Header
from octoperf_mcp.embedded.engine.wire.transport import Server
from octoperf_mcp.embedded.metrics.sample import HIT, RESOURCE, Sample

_MOST_HOPS = 20
_REDIRECTS = {301, 302, 303, 307, 308}
_KEEP_METHOD = {307, 308}
_TOO_MANY_HOPS = "java.io.IOException: Exceeded maximum number of redirects: 20"
_PAGES = {"text/html", "application/xhtml+xml"}
_OF_A_PAGE = {"accept", "referer", "if-none-match", "if-modified-since", "origin"}
_UNSENDABLE = "java.net.URISyntaxException: Illegal redirect location: "


@action("HttpRequestAction")
def _http_request(node: Node, scope: Scope) -> Step:
    server = scope.servers.get(str(node.get("serverId")))
    if server is None:
        return failing_row(node, scope, "No Server Found")
    children = [child for child in node.get("children") or [] if child.get("enabled")]
    extractors, assertions = processors(children, scope)
    before = [step for child in children if (step := _before(child, scope)) is not None]
    request = _Request(
        node,
        scope,
        server,
        (*extractors, *scope.extractors),
        (*assertions, *scope.assertions),
    )
    pause = _thinktime(node, scope)
    if pause is None and not before:
        return request.play

    def play(session: UserSession) -> None:
        for step in before:
            step(session)
        if pause is not None:
            session.pause(pause(session))
        request.play(session)

    return play


def _thinktime(node: Node, scope: Scope) -> Measure | None:
    value = node.get("thinktime")
    if not value or not scope.options.think_times:
        return None
    measure = compile_thinktime(scope.options.think_time_override or value)
    if measure is None:
        scope.warn(f"Think time of {node.get('id')!r} has the unknown type {value.get('@type')!r}.")
    return measure


def _before(child: Node, scope: Scope) -> Step | None:
    """What stands below a request and is played before it: think times and pre-processors."""
    return None if is_processor(child) else compile_action(child, scope)


@dataclass(frozen=True, slots=True)
class _Wire:
    """What is about to be sent."""

    method: str
    server: Server
    target: str
    headers: list[Header]
    body: bytes


class _Request:
    """One compiled request."""

    def __init__(
        self,
        node: Node,
        scope: Scope,
        server: Server,
        extractors: Sequence[Extractor],
        assertions: Sequence[Assertion],
    ) -> None:
        self._id = str(node.get("id"))
        self._head: RequestHead = compile_head(node, scope, server)
        self._name = str(node.get("name") or node.get("path") or "/")
        self._body = compile_body(node, scope)
        self._extractors = extractors
        self._judge = Judge(
            assertions, node.get("recordedResponse"), validating=scope.options.validating
        )
        self._follows = bool(node.get("followRedirects"))
        wanted = scope.options.download_resources
        self._downloads = bool(node.get("downloadResources")) if wanted is None else wanted
        self._cap = scope.options.body_cap_bytes
        self._program = scope.program
        self._uses_cookies = scope.options.sends_cookies
        self._keeps_body = bool(extractors or assertions or self._downloads)

    def play(self, session: UserSession) -> None:
        """Send, extract, judge, report."""
        session.checkpoint()
        session.sampler_name = self._name
        started_ms = time.time_ns() // 1_000_000
        server = self._head.server_for(session)
        try:
            body, content_type = (b"", "") if self._body is None else self._body(session)
        except MissingFileError as error:
            self._report_unsent(session, server, str(error))
            return
        headers = self._head.headers(session, server, content_type)
        wire = _Wire(self._head.method, server, self._head.target(session), headers, body)
        cache = session.cache
        if cache is not None and wire.method == "GET":
            url = self._head.url(server, wire.target)
            if cache.is_fresh(url, headers):
                return
        session.waited()
        exchange = self._signed_in(session, wire)
        if self._follows:
            exchange = self._followed(session, exchange, headers)
        if self._downloads and exchange.media_type in _PAGES and exchange.status < FIRST_ERROR:
            self._download(session, exchange, headers, started_ms)
        extracted: list[str] = []
        if exchange.status:
            for extractor in self._extractors:
                extracted += extractor(session, exchange)
        verdict = self._judge.judge(session, exchange)
        self._report_parts(session, [*exchange.hops, *exchange.resources])
        session.report(
            Outcome(
                self._whole(exchange, verdict, started_ms),
                exchange,
                verdict.checks,
                verdict.message,
                [(name, session.variables.get(name, "")) for name in dict.fromkeys(extracted)],
            )
        )

    def _report_unsent(self, session: UserSession, server: Server, message: str) -> None:
        """A KO sample of a request that could not be made."""
        url = self._head.url(server, self._head.target(session))
        exchange = Exchange(self._head.method, url, [], b"", time.time_ns() // 1_000_000)
        exchange.failure = message
        session.report(Outcome(self._sample(exchange, ok=False), exchange, message=message))

    def _signed_in(self, session: UserSession, wire: "_Wire") -> Exchange:
        """Send, and answer a digest challenge; the challenged exchange becomes a hop."""
        known = self._head.credentials(wire.target)
        if known is None:
            return self._send(session, wire)
        key = (Challenge, wire.server.hostname, wire.server.port)
        exchange = self._send(session, _answering(wire, session.store.get(key), known))
        challenge = Challenge.of(exchange)
        if challenge is None:
            return exchange
        session.store[key] = challenge
        exchange.is_challenge = True
        try:
            answered = self._send(session, _answering(wire, challenge, known))
        except BaseException:
            self._report_parts(session, [exchange])
            raise
        answered.hops = [exchange]
        return answered

    def _send(self, session: UserSession, wire: "_Wire", lane: int = 0) -> Exchange:
        path = wire.target.partition("?")[0]
        headers, server = wire.headers, wire.server
        if self._uses_cookies:
            headers = self._head.with_cookies(session, headers, server, path)
        url = self._head.url(server, wire.target)
        cache = session.cache if wire.method == "GET" else None
        if cache is not None:
            headers = cache.conditional(url, headers)
        exchange = Exchange(wire.method, url, headers, wire.body, time.time_ns() // 1_000_000)
        head = self._head.bytes_of(wire.method, wire.target, headers, wire.body)
        connection = session.transport.connection(server, lane)
        try:
            connection.perform(exchange, head, self._cap)
        except BaseException:
            if exchange.on_wire:
                cut = self._sample(exchange, ok=False, kind=RESOURCE if lane else HIT)
                cut.cut_off = True
                session.report(Outcome(cut, exchange, message="Stopped in flight"))
            raise
        if not self._head.keep_alive:
            connection.close()
        if cache is not None:
            cache.take(exchange, keeps_body=self._keeps_body and not lane)
        if self._uses_cookies and exchange.headers:
            lines = [value for name, value in exchange.headers if name.lower() == "set-cookie"]
            if lines:
                session.cookies.store(lines, server.hostname, path)
        return exchange

    def _followed(
        self, session: UserSession, exchange: Exchange, headers: list[Header]
    ) -> Exchange:
        """Follow redirects; the last exchange holds the earlier ones as hops."""
        hops, exchange.hops = exchange.hops, []
        while exchange.status in _REDIRECTS and exchange.header("location"):
            if len(hops) >= _MOST_HOPS:
                exchange.failure = _TOO_MANY_HOPS
                break
            url = urljoin(exchange.url, exchange.header("location"))
            place = self._head.place_of(url)
            if place is None:
                exchange.failure = _UNSENDABLE + url
                break
            hops.append(exchange)
            keeps = exchange.status in _KEEP_METHOD or exchange.method in {"GET", "HEAD"}
            wire = _Wire(
                exchange.method if keeps else "GET",
                *place,
                self._head.redirected(headers, place[0], keeps_body=keeps),
                exchange.sent_body if keeps else b"",
            )
            try:
                exchange = self._send(session, wire)
            except BaseException:
                self._report_parts(session, hops)
                raise
        exchange.hops = hops
        return exchange

    def _download(
        self, session: UserSession, page: Exchange, headers: list[Header], started_ms: int
    ) -> None:
        """Fetch what the page shows, several at a time; what the cache has fresh is left out."""
        urls = resources_of(page.text, page.url)
        if session.cache is not None:
            urls = [url for url in urls if not session.cache.is_fresh(url, headers)]
        waiting = deque(urls)

        def fetch(lane: int) -> None:
            while waiting and not session.is_over():
                place = self._head.place_of(waiting.popleft())
                if place is None:
                    continue
                sent = self._head.redirected(headers, place[0], keeps_body=False)
                wire = _Wire("GET", *place, _for_resource(sent, page.url), b"")
                page.resources.append(self._send(session, wire, lane))

        lanes = range(1, min(self._head.server.resources_pool, len(urls)) + 1)
        fetching = [gevent.spawn(fetch, lane) for lane in lanes]
        try:
            gevent.joinall(fetching, raise_error=True)
        except BaseException:
            gevent.killall(fetching)
            self._report_parts(session, [*page.hops, *page.resources])
            whole = self._whole(page, self._judge.judge(session, page), started_ms)
            with contextlib.suppress(Departure):
                session.report(Outcome(whole, page))
            raise

    def _report_parts(self, session: UserSession, parts: Sequence[Exchange]) -> None:
        """The samples of redirects and resources."""
        for part in parts:
            sample = self._sample(part, ok=part_is_ok(part), kind=RESOURCE)
            session.report(Outcome(sample, part, message=part_message(part)))

    def _whole(self, exchange: Exchange, verdict: Verdict, started_ms: int) -> Sample:
        """The row of the request: the last answer, the time of all hops."""
        sample = judged_sample(exchange, self._program, self._id, verdict)
        for hop in exchange.hops:
            sample.elapsed_us += hop.elapsed_us
            sample.latency_us += hop.elapsed_us
            sample.connect_us += hop.connect_us
        sample.started_ms = started_ms
        return sample

    def _sample(self, exchange: Exchange, *, ok: bool, kind: str = HIT) -> Sample:
        return sample_of(exchange, self._program, self._id, ok=ok, kind=kind)


def _answering(wire: _Wire, challenge: Challenge | None, known: Credentials) -> _Wire:
    """The same request with the answer to a challenge instead of credentials sent unasked."""
    if challenge is None:
        return wire
    answer = challenge.answer(known.username, known.password, wire.method, wire.target)
    kept = [header for header in wire.headers if header[0].lower() != "authorization"]
    return replace(wire, headers=[*kept, ("Authorization", answer)])


def _for_resource(headers: list[Header], page: str) -> list[Header]:
    """Headers as a browser sends them for what a page shows."""
    kept = [header for header in headers if header[0].lower() not in _OF_A_PAGE]
    return [*kept, ("Accept", "*/*"), ("Referer", page)]
