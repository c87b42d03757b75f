"""Reads recordings in a process of their own: a large one would hold up the whole service."""

from dataclasses import asdict
from typing import BinaryIO

import orjson

from octoperf_mcp.embedded.child import ChildDiedError, ChildTimeoutError, answer_of
from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.har_options import HarOptions
from octoperf_mcp.embedded.importers.imported import Dropped, Imported

LIMIT_S = 300.0
_MODULE = "octoperf_mcp.embedded.importers.worker"


async def import_har_file(
    file: BinaryIO, options: HarOptions, *, limit_s: float = LIMIT_S
) -> Imported:
    """As `import_har`, from an open file with a number (`fileno`), read from its start.

    Raises:
        ImportFailed: it is no HAR, it took longer, or the process died.
    """
    number = file.fileno()
    file.seek(0)
    file.flush()
    question = orjson.dumps(asdict(options))
    try:
        answer = await answer_of(
            _MODULE, question, limit_s=limit_s, arguments=[str(number)], pass_fds=[number]
        )
    except ChildTimeoutError:
        raise ImportFailed(
            f"Reading the recording took longer than {limit_s:g} s.", "Record a shorter journey."
        ) from None
    except ChildDiedError as error:
        raise ImportFailed(
            f"The recording could not be read: {error or 'its process was killed'}.",
            "Record a shorter journey, or report this with the file.",
        ) from error
    return _imported(answer)


def _imported(answer: bytes) -> Imported:
    end = answer.index(b"\n") + 1
    head = orjson.loads(answer[:end])
    if "failed" in head:
        raise ImportFailed(*head["failed"])
    blobs = {}
    for key, size in head["blobs"]:
        blobs[key] = answer[end : end + size]
        end += size
    return Imported(
        virtual_users=head["virtualUsers"],
        servers=head["servers"],
        variables=head["variables"],
        dropped=[Dropped(**one) for one in head["dropped"]],
        blobs=blobs,
    )
