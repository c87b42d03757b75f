"""The pool against real sockets: what is kept, what is repeated, what ends a connection."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from octoperf_mcp.upstream.connections import BrokenConnectionError, Pool
from octoperf_mcp.upstream.dialing import Dialer
from octoperf_mcp.upstream.http1 import LargeAnswerError, MalformedAnswerError
from tests.tls import self_signed

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Counts connections; each runs the script, and is closed after it."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.opened = 0
        self.reached = asyncio.Event()
        self.closed = asyncio.Semaphore(0)
        self.origin = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.reached.set()
        try:
            await self.script(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.closed.release()


@asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(script)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    server.origin = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    async with listener:
        yield server


@asynccontextmanager
async def pool_of(
    server: Server, *, limit: int = 10, silence_s: float = 5, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Pool]:
    pool = Pool(Dialer(server.origin, tls=tls), limit=limit, silence_s=silence_s)
    yield pool
    await pool.close()


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)


async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(ANSWER)


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def mute(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


def saying(text: bytes) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        await reader.read()

    return script


async def test_one_connection_serves_one_request_after_the_other() -> None:
    async with serving(answering) as server, pool_of(server) as pool:
        for _ in range(5):
            assert (await pool.ask("GET", REQUEST, 100)).body == b"{}"
        assert server.opened == 1


async def test_no_more_connections_are_made_than_allowed_and_the_rest_waits() -> None:
    async with serving(answering) as server, pool_of(server, limit=2) as pool:
        found = await asyncio.gather(*(pool.ask("GET", REQUEST, 100) for _ in range(20)))
        assert [answer.status for answer in found] == [200] * 20
        assert server.opened == 2


async def test_who_waits_gets_a_new_connection_when_others_break() -> None:
    async with serving(once) as server, pool_of(server, limit=1) as pool:
        found = await asyncio.gather(*(pool.ask("GET", REQUEST, 100) for _ in range(5)))
        assert [answer.status for answer in found] == [200] * 5


async def test_a_request_that_is_cancelled_takes_its_connection_along() -> None:
    async with serving(silent) as server, pool_of(server, limit=1) as pool:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await pool.ask("GET", REQUEST, 100)
        for _ in range(3):
            async with asyncio.timeout(5):
                await server.closed.acquire()
        server.script = answering
        assert (await pool.ask("GET", REQUEST, 100)).status == 200


async def test_one_that_is_cancelled_while_it_waits_blocks_nobody() -> None:
    async with serving(silent) as server, pool_of(server, limit=1) as pool:
        first = asyncio.create_task(pool.ask("GET", REQUEST, 100))
        second = asyncio.create_task(pool.ask("GET", REQUEST, 100))
        third = asyncio.create_task(pool.ask("GET", REQUEST, 100))
        await server.reached.wait()
        second.cancel()
        server.script = answering
        first.cancel()
        async with asyncio.timeout(5):
            assert (await third).status == 200


@pytest.mark.parametrize(("method", "opened"), [("GET", 2), ("PUT", 1), ("POST", 1)])
async def test_only_a_read_is_repeated_on_a_first_connection(method: str, opened: int) -> None:
    async with serving(mute) as server, pool_of(server) as pool:
        with pytest.raises(BrokenConnectionError):
            await pool.ask(method, REQUEST, 100)
        assert server.opened == opened


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_kept_connection_that_breaks_is_replaced(method: str) -> None:
    async def one_then_mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await once(reader, writer)
        if server.opened == 1:
            await mute(reader, writer)
        else:
            await reader.read()

    async with serving(one_then_mute) as server, pool_of(server) as pool:
        await pool.ask(method, REQUEST, 100)
        assert (await pool.ask(method, REQUEST, 100)).status == 200
        assert server.opened == 2


async def test_a_post_on_a_kept_connection_that_breaks_is_not_repeated() -> None:
    async def one_then_mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await once(reader, writer)
        await mute(reader, writer)

    async with serving(one_then_mute) as server, pool_of(server) as pool:
        await pool.ask("POST", REQUEST, 100)
        with pytest.raises(BrokenConnectionError):
            await pool.ask("POST", REQUEST, 100)
        assert server.opened == 1


async def test_an_answer_that_breaks_off_is_never_asked_for_again() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER[:-1])

    async with serving(half) as server, pool_of(server) as pool:
        with pytest.raises(BrokenConnectionError):
            await pool.ask("GET", REQUEST, 100)
        assert server.opened == 1


async def test_a_connection_that_speaks_unasked_is_closed() -> None:
    async with (
        serving(saying(ANSWER + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")) as server,
        pool_of(server) as pool,
    ):
        for _ in range(2):
            assert (await pool.ask("GET", REQUEST, 100)).body == b"{}"
        assert server.opened == 2


async def test_silence_ends_a_request() -> None:
    async with serving(silent) as server, pool_of(server, silence_s=0.05) as pool:
        async with asyncio.timeout(5):
            with pytest.raises(TimeoutError):
                await pool.ask("GET", REQUEST, 100)
            await server.closed.acquire()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", MalformedAnswerError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", LargeAnswerError),
    ],
)
async def test_a_bad_answer_ends_its_connection(text: bytes, kind: type[Exception]) -> None:
    async with serving(saying(text)) as server, pool_of(server) as pool:
        async with asyncio.timeout(5):
            with pytest.raises(kind):
                await pool.ask("GET", REQUEST, 100)
            await server.closed.acquire()


async def test_nobody_listens() -> None:
    pool = Pool(Dialer("http://127.0.0.1:1"), limit=1, silence_s=5)
    for _ in range(3):
        with pytest.raises(OSError, match=r"127\.0\.0\.1"):
            await pool.ask("GET", REQUEST, 100)
    await pool.close()


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "identity.pem")


async def test_tls_works_and_keeps_its_connection(identity: Path) -> None:
    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.load_cert_chain(identity)
    trust = ssl.create_default_context(cafile=str(identity))
    async with serving(answering, own) as server, pool_of(server, tls=trust) as pool:
        for _ in range(3):
            assert (await pool.ask("GET", REQUEST, 100)).body == b"{}"
        assert server.opened == 1


async def test_a_certificate_that_nobody_vouches_for_is_refused(identity: Path) -> None:
    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.load_cert_chain(identity)
    async with serving(answering, own) as server, pool_of(server) as pool:
        with pytest.raises(ssl.SSLCertVerificationError):
            await pool.ask("GET", REQUEST, 100)
