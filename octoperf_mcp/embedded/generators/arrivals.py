"""Files of generators elsewhere, as they come home: appended where they stopped, never twice."""

import os
from pathlib import Path

from octoperf_mcp.embedded.engine.runs.directory import RunDirectory
from octoperf_mcp.embedded.engine.runs.spool_feed import mark_remote
from octoperf_mcp.embedded.generators.frames import JTL, LOG, SPOOL


class Arrivals:
    """The files of one part of a run, in the folder of the run."""

    def __init__(self, data_dir: Path, run_id: str, generator: str) -> None:
        folder = RunDirectory(data_dir, run_id)
        self._folder = folder.path
        self._spool = folder.path / "spool" / f"{generator}.jsonl"
        self._paths = {
            SPOOL: self._spool,
            JTL: folder.files / f"{generator}.jtl.gz",
            LOG: folder.files / f"{generator}.log",
        }

    def expect(self) -> None:
        """Let nobody complete the spool file in the place of its generator."""
        mark_remote(self._spool)

    @property
    def are_wanted(self) -> bool:
        """Whether the run is still kept."""
        return self._folder.is_dir()

    def sizes(self) -> dict[str, int]:
        """Bytes that are here already."""
        return {kind: _size(path) for kind, path in self._paths.items()}

    def append(self, kind: str, offset: int, data: bytes) -> int:
        """Keep what is new of `data`, which begins at `offset`; answers the size from now on.

        Raises:
            KeyError: there is no such kind of file.
        """
        path = self._paths[kind]
        size = _size(path)
        new = data[size - offset :] if offset <= size else b""
        if not new:
            return size
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(new)
        return size + len(new)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
