"""What reads a message before anything is known of it, under whatever bytes: `tox -e fuzz`.

    python -m tests.fuzz.messages -max_total_time=60

atheris drives `check` by what it covers of the reading modules; the suite runs it on `SEEDS`, their
beginnings and what they become with a byte changed. Input: the value of a header field, a line
feed, the body.
"""

import importlib
import inspect
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
from multidict import CIMultiDict

from octoperf_mcp.protocol import header_values, jsonrpc, ladder
from octoperf_mcp.protocol.seals import Seal

LIMITS = ("-max_len=4096", "-timeout=5", "-rss_limit_mb=512")
SEAL = Seal("fuzz", [b"k" * 32])
META = (
    b'"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",'
    b'"io.modelcontextprotocol/clientCapabilities":{}}'
)
SEEDS = (
    b'\n{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    b'\n{"jsonrpc":"2.0","id":"a","method":"ping","params":{}}',
    b'\n{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}',
    b'\n{"jsonrpc":"2.0","id":1,"result":{"action":"accept","content":{"a":[1,2.5,null,true]}}}',
    b'\n{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"no"}}',
    b'echo\n{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo",' + META + b"}}",
    b'=?base64?ZWNobw==?=\n{"jsonrpc":"2.0","id":-9223372036854775808,"method":"prompts/get",'
    b'"params":{"name":"echo",' + META + b"}}",
    b'\n[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
    b'\n{"jsonrpc":"2.0","id":null,"method":"ping"}',
    b'\n{"jsonrpc":"2.0","id":18446744073709551616,"method":"ping"}',
    b'\n{"jsonrpc":"2.0","id":1e400,"method":"ping"}',
    b'\n{"jsonrpc":"2.0","id":"\\ud800","method":"\\ud800"}',
    b'\n{"jsonrpc":"2.0","id":1,"id":2,"method":"ping","method":"x"}',
    b'\n\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"ping"}',
    b'\n{"jsonrpc":"2.0","id":1,"method":"x","params":' + b"[" * 200 + b"]" * 200 + b"}",
    b"\n" + b'{"a":' * 2000,
)

WORDS = (
    '"jsonrpc":"2.0"',
    '"id":',
    '"method":',
    '"params":{',
    '"result":',
    '"error":',
    '"name":',
    '"uri":',
    '"_meta":{',
    '"io.modelcontextprotocol/protocolVersion":"2026-07-28"',
    '"io.modelcontextprotocol/clientCapabilities":{}',
    '"tools/call"',
    '"resources/read"',
    "=?base64?",
    "?=",
)
"""Pieces of messages, which libFuzzer puts together."""


def check(data: bytes) -> None:
    """Read a message as the transport does; what is refused has a well-formed answer."""
    field, _, body = data.partition(b"\n")
    told = field.decode("utf-8", "surrogateescape")
    header_values.decode(told)
    SEAL.open(told)
    message = jsonrpc.read_message(body)
    if isinstance(message, jsonrpc.Rejected):
        _well_formed(jsonrpc.refusal(message.id_json, message.error))
        return
    if not isinstance(message, jsonrpc.Request):
        return
    # whatever was read may have to go into an answer
    _well_formed(jsonrpc.result(message.id_json, orjson.dumps({"got": message.params})))
    fields = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": message.method, "Mcp-Name": told}
    error = ladder.check(message, CIMultiDict(fields))
    if error is not None:
        _well_formed(jsonrpc.refusal(message.id_json, error))


def _well_formed(answer: bytes) -> None:
    told = orjson.loads(answer)
    assert told["jsonrpc"] == "2.0"
    assert ("result" in told) != ("error" in told)
    assert type(told.get("id", 0)) in {int, str}


def neighbours(seed: bytes) -> Iterator[bytes]:
    """Inputs near one of the seeds, the same each time."""
    yield seed
    step = max(len(seed) // 60, 1)
    for place in range(0, len(seed), step):
        yield seed[:place]
        for byte in b'\x00"\\{]\xff':
            yield seed[:place] + bytes((byte,)) + seed[place + 1 :]


def main() -> None:
    """Fuzz until libFuzzer's options say it is enough; a finding is written where it ran."""
    atheris = importlib.import_module("atheris")  # in the dependency group of its own only
    for module in (header_values, jsonrpc, ladder):
        for name, member in list(vars(module).items()):
            if inspect.isfunction(member) and member.__module__ == module.__name__:
                setattr(module, name, atheris.instrument_func(member))
    with tempfile.TemporaryDirectory() as folder:
        corpus, words = Path(folder, "corpus"), Path(folder, "words")
        corpus.mkdir()
        for number, seed in enumerate(SEEDS):
            (corpus / str(number)).write_bytes(seed)
        words.write_text("\n".join(json.dumps(word) for word in WORDS), "utf-8")
        options = [*LIMITS, f"-dict={words}", *sys.argv[1:], str(corpus)]
        atheris.Setup([sys.argv[0], *options], check)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
