"""The folder of one run: spool, run files, resources, the lines of its start."""

import json
import shutil
import zipfile
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO

from octoperf_mcp.embedded.engine.load.engine import StartUpLine
from octoperf_mcp.embedded.engine.runs.log import NAME, RunLog
from octoperf_mcp.embedded.failures import Invalid, NotFound

CAPTURES = "captures.jsonl"
CAPTURED_BODIES = "bodies"
"""Of a validation: one line per sample, and bodies as files named by their content."""
_START_UP = "start-up.jsonl"
_PARTS = ("spool", "files", "resources")


class RunDirectory:
    """`<data_dir>/runs/<id>`; made when the run begins."""

    def __init__(self, data_dir: Path, run_id: str) -> None:
        self.run_id = run_id
        self.path = data_dir / "runs" / run_id
        self.files = self.path / "files"
        self.resources = self.path / "resources"

    def create(self) -> None:
        """Make the folders; nothing happens when they are there."""
        for part in _PARTS:
            (self.path / part).mkdir(mode=0o700, parents=True, exist_ok=True)

    def remove(self) -> None:
        """Delete everything."""
        shutil.rmtree(self.path, ignore_errors=True)

    def remove_resources(self) -> None:
        """Delete the copies of project files; they stay with the project."""
        shutil.rmtree(self.resources, ignore_errors=True)

    @property
    def log(self) -> RunLog:
        """`jmeter.log`, for lines of the platform itself."""
        return RunLog(self.files / NAME, "c.o.BenchResult")

    def say(self, line: StartUpLine) -> None:
        """Keep a line of the start."""
        with (self.path / _START_UP).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line.as_json(), ensure_ascii=False) + "\n")

    def start_up_lines(self) -> list[dict[str, object]]:
        """The lines of the start, oldest first."""
        try:
            text = (self.path / _START_UP).read_text("utf-8")
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text.splitlines() if line.endswith("}")]

    def names(self) -> list[str]:
        """Names of the run files."""
        if not self.files.is_dir():
            return []
        return sorted(path.name for path in self.files.iterdir() if path.is_file())

    def file(self, name: str) -> Path:
        """A run file.

        Raises:
            Invalid: the name is a path.
            NotFound: there is no such file.
        """
        if (
            not name
            or name != Path(name).name
            or name in {".", ".."}
            or "\\" in name
            or "\0" in name
        ):
            raise Invalid(f"{name!r} is no file name.")
        path = self.files / name
        if path.is_symlink() or not path.is_file():
            raise NotFound(f"The run has no file {name!r}.")
        return path

    def put(self, name: str, data: bytes) -> None:
        """Write a run file as a whole: nobody ever reads a part of it."""
        self.create()
        with NamedTemporaryFile(dir=self.path, delete=False) as file:
            file.write(data)
        Path(file.name).replace(self.files / name)

    def zipped(self) -> IO[bytes]:
        """All run files in an archive, in an open temporary file."""
        archive = TemporaryFile()  # noqa: SIM115 - the caller reads and closes it
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for name in self.names():
                packed.write(self.files / name, name)
        archive.seek(0)
        return archive
