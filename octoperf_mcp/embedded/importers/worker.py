"""The process in which a HAR is read; `sandbox` starts it for each import.

Its argument is the number of an open file, the HAR. Standard input: the options as JSON. Standard
output: a line of JSON, `{failed: [problem, next step]}` or `{virtualUsers, servers, variables,
dropped, blobs: [[key, size], …]}`, the latter followed by the bodies one after another.
"""

import os
import resource
import sys
from typing import Any, BinaryIO

import orjson

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.har import HarOptions, import_har
from octoperf_mcp.embedded.importers.har_options import Step
from octoperf_mcp.embedded.importers.imported import Imported

CPU_LIMIT_S = 300
_GIB = 2**30
_MEMORY_PER_BYTE = 24
"""Measured: a HAR of 55 MB takes 350 MB; many tiny values take more."""


def work(file: BinaryIO, options: dict[str, Any], sink: BinaryIO) -> None:
    """Answer one import."""
    timeline = tuple(Step(**step) for step in options.pop("timeline"))
    try:
        imported = import_har(file.read(), HarOptions(**options, timeline=timeline))
    except ImportFailed as error:
        sink.write(orjson.dumps({"failed": [error.problem, error.next_step]}) + b"\n")
    except MemoryError:
        problem = "The recording takes more memory than an import may have."
        sink.write(orjson.dumps({"failed": [problem, "Record a shorter journey."]}) + b"\n")
    else:
        _write(imported, sink)
    sink.flush()


def _write(imported: Imported, sink: BinaryIO) -> None:
    head = {
        "virtualUsers": imported.virtual_users,
        "servers": imported.servers,
        "variables": imported.variables,
        "dropped": imported.dropped,
        "blobs": [[key, len(data)] for key, data in imported.blobs.items()],
    }
    sink.write(orjson.dumps(head) + b"\n")
    sink.writelines(imported.blobs.values())


def main() -> None:
    """Serve one import of the parent and end."""
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        most = _GIB + _MEMORY_PER_BYTE * os.fstat(file.fileno()).st_size
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
        work(file, orjson.loads(sys.stdin.buffer.read()), sys.stdout.buffer)


if __name__ == "__main__":
    main()
