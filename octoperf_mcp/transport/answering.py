"""From a checked request to its HTTP answer: plain JSON when it is quick, events when it speaks."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any

from aiohttp import web

from octoperf_mcp.errors import AuthError, InternalError
from octoperf_mcp.protocol import jsonrpc, tasks
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.relay import Relay
from octoperf_mcp.protocol.server import McpServer, refused
from octoperf_mcp.protocol.subscriptions import Subscription
from octoperf_mcp.transport import sse
from octoperf_mcp.transport.answers import respond
from octoperf_mcp.transport.asking import Asking
from octoperf_mcp.transport.calls import Call, Calls
from octoperf_mcp.transport.facts import RpcFacts
from octoperf_mcp.transport.listening import Listening, Opening
from octoperf_mcp.transport.streams import EventStream, primed


class Answering:
    """Runs requests and writes what they say."""

    def __init__(
        self,
        server: McpServer,
        calls: Calls,
        asking: Asking,
        listening: Listening,
        *,
        keep_alive_s: float,
    ) -> None:
        self._server = server
        self._calls = calls
        self._asking = asking
        self._listening = listening
        self._relay: Relay = server.relay
        self._keep_alive_s = keep_alive_s
        self._left: set[asyncio.Task[None]] = set()

    async def answer(
        self, request: web.Request, exchange: Exchange, facts: RpcFacts, *, stream: bool
    ) -> web.StreamResponse | Opening:
        """Answer one request; `stream` is whether the client takes events.

        Raises:
            AuthError: the token grants too little, or the upstream refused it.
        """
        outcome = self._server.dispatch(exchange)
        if isinstance(outcome, Reply):
            facts.code = outcome.code
            return respond(outcome, modern=exchange.modern)
        if isinstance(outcome, Subscription):
            granted = await self._server.granted(exchange, outcome)
            return await self._listening.subscription(exchange, granted, self._server.info)
        call = Call(self._calls.loop)
        if stream:
            exchange.notify = call.notify
        if exchange.modern and not tasks.declared(exchange):
            return await self._attached(request, exchange, facts, call, outcome, stream=stream)
        exchange.settle = call.settle
        if stream and not exchange.modern:
            exchange.ask_client = partial(self._asking.ask, exchange.session_id, call.notify)
            exchange.release = call.release if primed(exchange.version) else None
        return await self._run(request, exchange, facts, call, outcome, stream=stream)

    async def drain(self) -> None:
        """Wait for the ends of streams whose clients are away; their calls are over."""
        if self._left:
            await asyncio.wait(list(self._left))

    async def _attached(
        self,
        request: web.Request,
        exchange: Exchange,
        facts: RpcFacts,
        call: Call,
        work: Coroutine[Any, Any, Reply],
        *,
        stream: bool,
    ) -> web.StreamResponse:
        """Do stateless work in the handler's own task, which ends when the client leaves.

        A second task begins once there is something to write meanwhile.
        """
        loop, silence = self._calls.loop, None
        speaking: asyncio.Task[web.StreamResponse] | None = None

        def speak() -> None:
            nonlocal speaking
            speaking = loop.create_task(self._stream(request, exchange, call, facts))
            speaking.add_done_callback(_look_at)

        if stream:
            call.on_news = speak
            silence = loop.call_later(self._keep_alive_s, call.wake)
        try:
            await self._calls.attend(call, work)
            if speaking is None:
                return respond(self._reply(call, exchange, facts), modern=True)
            return await speaking
        finally:
            if silence is not None:
                silence.cancel()
            if speaking is not None:
                speaking.cancel()

    async def _run(
        self,
        request: web.Request,
        exchange: Exchange,
        facts: RpcFacts,
        call: Call,
        work: Coroutine[Any, Any, Reply],
        *,
        stream: bool,
    ) -> web.StreamResponse:
        key = None if exchange.modern else (exchange.session_id, exchange.request.id)
        self._calls.start(call, work, key)
        try:
            await self._quiet(call, stream)
            if not call.messages and call.done:
                return respond(self._reply(call, exchange, facts), modern=exchange.modern)
            if exchange.modern:
                return await self._stream(request, exchange, call, facts)
        except (asyncio.CancelledError, ConnectionError):
            # the client is gone: an end to stateless work, no concern of a legacy call
            call.cancel() if exchange.modern else call.detach()
            raise
        return await self._resumable(request, exchange, call, facts)

    async def _quiet(self, call: Call, stream: bool) -> None:
        """Wait for the first sign of life; without a stream, for the end."""
        await call.news(self._keep_alive_s)
        while not stream and not call.done:
            await call.news(self._keep_alive_s)

    async def _stream(
        self, request: web.Request, exchange: Exchange, call: Call, facts: RpcFacts
    ) -> web.StreamResponse:
        """Answer with events: what the call says, comments while it is silent, its reply."""
        response = sse.stream()
        await response.prepare(request)
        while True:
            while call.messages:
                await response.write(sse.event(call.messages.popleft()))
            if call.done:
                break
            await call.news(self._keep_alive_s)
            if not call.messages and not call.done:
                await response.write(sse.KEEP_ALIVE)
        await response.write(sse.event(self._told(call, exchange, facts).body))
        await response.write_eof()
        return response

    async def _resumable(
        self, request: web.Request, exchange: Exchange, call: Call, facts: RpcFacts
    ) -> web.StreamResponse:
        """The same for a session: each event is kept, and goes on being kept without a client."""
        events = EventStream(self._relay, exchange.session_id)
        try:
            response = sse.stream()
            await response.prepare(request)
            if first := await events.open(exchange.version):
                await response.write(first)
            while not call.released or call.messages:
                while call.messages:
                    await response.write(await events.keep(call.messages.popleft()))
                if call.done or call.released:
                    break
                await call.news(self._keep_alive_s)
                if not call.messages and not call.done and not call.released:
                    await response.write(sse.KEEP_ALIVE)
            if call.done:
                reply = self._told(call, exchange, facts)
                await response.write(await events.close(reply.body))
            await response.write_eof()
        finally:
            if not events.closed:
                self._leave(self._go_on(exchange, call, facts, events))
        return response

    def _leave(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._left.add(task)
        task.add_done_callback(self._left.discard)

    async def _go_on(
        self, exchange: Exchange, call: Call, facts: RpcFacts, events: EventStream
    ) -> None:
        """Keep what the call has to say until its client resumes the stream."""
        while True:
            while call.messages:
                await events.keep(call.messages.popleft())
            if call.done:
                break
            await call.news(self._keep_alive_s)
        await events.close_unseen(self._told(call, exchange, facts).body)

    def _told(self, call: Call, exchange: Exchange, facts: RpcFacts) -> Reply:
        """The reply where it is too late for a challenge."""
        try:
            return self._reply(call, exchange, facts)
        except AuthError as error:
            failure = InternalError(error.message, data={"code": error.code})
            return refused(exchange.request.id_json, failure)

    def _reply(self, call: Call, exchange: Exchange, facts: RpcFacts) -> Reply:
        if not call.cancelled:
            reply = call.reply()
        elif self._calls.closing:
            stopping = InternalError("The server is stopping; send the request again.")
            reply = refused(exchange.request.id_json, stopping)
        else:
            told = jsonrpc.error(exchange.request.id_json, jsonrpc.CANCELLED, "Request cancelled")
            reply = Reply(told, code=jsonrpc.CANCELLED)
        facts.code, facts.tool_error = reply.code, reply.tool_error
        return reply


def _look_at(ended: asyncio.Task[web.StreamResponse]) -> None:
    """A stream whose client has left is no error that nobody looked at."""
    if not ended.cancelled():
        ended.exception()
