"""Work in a process of its own: for input of users that may take long or much memory.

A thread would not do: parsers and the matcher of regular expressions hold the interpreter's lock,
so that one bad expression, or one large file, would stop the whole service. A process for each
piece of work, rather than a pool: it starts in a tenth of a second, gives its memory back, and
killing it disturbs no other work, while a killed worker of a pool breaks the pool for everybody.
"""

import asyncio
import re
import sys
from collections.abc import Sequence

_MOST_TRACE_CHARS = 4_000
_MISSING = re.compile(r"^ModuleNotFoundError: No module named '(\w+)")


class ChildTimeoutError(Exception):
    """The process took too long and was killed."""


class ChildDiedError(Exception):
    """The process ended without an answer.

    The message is the last line that it wrote, or which package whoever runs the server installs;
    `trace` the last lines.
    """

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace


async def answer_of(
    module: str,
    question: bytes,
    *,
    limit_s: float,
    arguments: Sequence[str] = (),
    pass_fds: Sequence[int] = (),
) -> bytes:
    """Run `python -m module`; what it writes to standard output is the answer.

    Args:
        module: Full name of the module.
        question: Its standard input.
        limit_s: Seconds after which it is killed; it is also killed when the caller is cancelled.
        arguments: Its arguments.
        pass_fds: Open files that it inherits under their numbers.

    Raises:
        ChildTimeoutError: it took too long.
        ChildDiedError: it ended by a signal or with a status other than 0.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=tuple(pass_fds),
    )
    try:
        async with asyncio.timeout(limit_s):
            answer, complaint = await process.communicate(question)
    except TimeoutError:
        raise ChildTimeoutError from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        trace = complaint.decode("utf-8", "replace").strip()[-_MOST_TRACE_CHARS:]
        raise ChildDiedError(_reason(complaint), trace)
    return answer


def _reason(complaint: bytes) -> str:
    last = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
    missing = _MISSING.match(last)
    if missing is None:
        return last[:300]
    return (
        f"The server has no Python package {missing[1]}: whoever runs it installs it with "
        "pip install 'octoperf-mcp[embedded]'."
    )
