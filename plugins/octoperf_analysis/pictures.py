"""PNG pictures for hosts that show images: drawn by Pillow, in a process that then ends."""

import asyncio
import sys
from importlib.resources import as_file, files
from importlib.util import find_spec
from typing import Any, Final

import orjson

from octoperf_mcp.errors import UnavailableError

_LIMIT_S: Final = 20.0
_AT_ONCE: Final = 2
_turns = asyncio.Semaphore(_AT_ONCE)


async def png_of(chart: dict[str, Any]) -> bytes:
    """The picture of a chart; see `picture.py` for its form.

    A process of its own, since drawing holds the interpreter's lock and Pillow takes memory that
    a server which nobody asks for pictures should not spend.

    Raises:
        UnavailableError: Pillow is not installed here, or it drew nothing.
    """
    if find_spec("PIL") is None:
        raise UnavailableError(
            "This server draws no pictures: it lacks Pillow.",
            next_step="Call again with format auto; or install octoperf-mcp[pictures] there.",
        )
    async with _turns:
        with as_file(files("octoperf_analysis").joinpath("picture.py")) as program:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the folder of the program is no place to import from
                str(program),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                async with asyncio.timeout(_LIMIT_S):
                    drawn, _ = await process.communicate(orjson.dumps(chart))
            except TimeoutError:
                drawn = b""
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
    if process.returncode or not drawn:
        raise UnavailableError(
            "The picture could not be drawn.", next_step="Call again with format auto."
        )
    return drawn
