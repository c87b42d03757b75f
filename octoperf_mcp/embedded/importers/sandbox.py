"""Reads uploads in a process of their own: a large one would hold up the whole service."""

import contextlib
import tempfile
from collections.abc import AsyncIterator
from typing import Any, BinaryIO, cast

import orjson
import structlog

from octoperf_mcp.embedded.child import ChildDiedError, ChildTimeoutError, answer_of
from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.entities.imported import Bodies, Imported, Note

log = structlog.get_logger(__name__)

LIMIT_S = 300.0
_MODULE = "octoperf_mcp.embedded.importers.worker"
_SMALLER = "Send a smaller one, or report this with the file."


@contextlib.asynccontextmanager
async def imported_file(
    kind: str,
    file: BinaryIO,
    options: dict[str, Any],
    *,
    limit_s: float = LIMIT_S,
    memory_per_byte: int = 0,
    plugin: str = "",
) -> AsyncIterator[Imported]:
    """What an importer makes of an open file; its bodies can be read within the block.

    Args:
        kind: Name of the importer, as in `worker.READERS`, or `module:function`.
        file: With a number (`fileno`); it is read from its start.
        options: Of the importer, as JSON can hold them.
        limit_s: Seconds it may take.
        memory_per_byte: Memory for each byte of the file, beyond one GiB; 0: as the importer needs.
        plugin: Whose importer it is; empty: the platform's.

    Raises:
        ImportFailed: the importer refused it, it took longer, or the process died.
    """
    file.seek(0)
    file.flush()
    with tempfile.TemporaryFile() as bodies:
        numbers = [file.fileno(), bodies.fileno()]
        question = orjson.dumps(options)
        try:
            answer = await answer_of(
                _MODULE,
                question,
                limit_s=limit_s,
                arguments=[kind, str(memory_per_byte), *map(str, numbers)],
                pass_fds=numbers,
            )
        except ChildTimeoutError:
            problem = f"Reading the file took longer than {limit_s:g} s."
            raise _failed(problem, kind, plugin) from None
        except ChildDiedError as error:
            reason = str(error).removesuffix(".") or "its process was killed"
            problem = f"The file could not be read: {reason}."
            raise _failed(problem, kind, plugin, error.trace) from error
        yield _imported(orjson.loads(answer), cast("BinaryIO", bodies))


def _failed(problem: str, kind: str, plugin: str, trace: str = "") -> ImportFailed:
    if not plugin:
        return ImportFailed(problem, _SMALLER)
    log.error("plugin_import_failed", plugin=plugin, importer=kind, reason=problem, trace=trace)
    return ImportFailed(problem, f"Report this, with the file, to who wrote the plugin {plugin}.")


def _imported(answer: dict[str, Any], bodies: BinaryIO) -> Imported:
    if "failed" in answer:
        raise ImportFailed(*answer["failed"])
    index = {key: (start, size) for key, (start, size) in answer["blobs"].items()}
    return Imported(
        virtual_users=answer["virtual_users"],
        servers=answer["servers"],
        variables=answer["variables"],
        rules=answer["rules"],
        files=answer["files"],
        carried=answer["carried"],
        dropped=_notes(answer["dropped"]),
        generic=_notes(answer["generic"]),
        changed=_notes(answer["changed"]),
        blobs=Bodies(bodies, index),
    )


def _notes(listed: list[dict[str, str]]) -> list[Note]:
    return [Note(**one) for one in listed]
