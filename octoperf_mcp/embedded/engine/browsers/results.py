"""What an iteration leaves: traces, archives of its requests and screenshots, as result files."""

import os
import re
import time
import zipfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.engine.processes.masks import Mask

BROWSER = "chromium"
_PREFIX = 8
_LONGEST = 100
_UNSAFE = re.compile(r"[^\w.-]+")
_PICTURES = {".png", ".jpeg", ".jpg", ".webp", ".gif"}


class Results:
    """Moves files into those of the run, without secrets in their names and texts.

    Names are `<start of the action's id>-<hash>-<test>-<browser>.trace.zip` as in the product
    (skill real-browser-probe), `.har` and `.png` alike.
    """

    def __init__(self, files: Path, secrets: Iterable[str]) -> None:
        self._files = files
        self._mask = Mask(secrets)

    def keep(self, order: dict[str, Any], output: Path) -> list[str]:
        """Keep what there is of an iteration; the names, in order."""
        stamp = sha256(f"{os.getpid()} {time.time_ns()}".encode()).hexdigest()[:_PREFIX]
        start = f"{str(order['action'])[:_PREFIX]}-{stamp}"
        kept = []
        for path, name in _found(output):
            safe = _UNSAFE.sub("-", self._mask.text(name).replace("*", ""))
            stem, dot, ending = safe.partition(".")
            target = self._files / f"{_UNSAFE.sub('-', start)}-{stem[:_LONGEST]}{dot}{ending}"
            self._place(path, target)
            kept.append(target.name)
        return kept

    def _place(self, path: Path, target: Path) -> None:
        """A whole file at once; nobody reads a part of it."""
        partial = target.with_name(f".{target.name}.part")
        if not self._mask or path.suffix in _PICTURES:
            partial.write_bytes(path.read_bytes())
        elif path.suffix == ".zip":
            self._masked_archive(path, partial)
        else:
            partial.write_bytes(self._mask.data(path.read_bytes()))
        partial.replace(target)

    def _masked_archive(self, path: Path, target: Path) -> None:
        with (
            zipfile.ZipFile(path) as archive,
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made,
        ):
            for name in archive.namelist():
                data = archive.read(name)
                is_picture = Path(name).suffix in _PICTURES
                made.writestr(name, data if is_picture else self._mask.data(data))


def _found(output: Path) -> Iterator[tuple[Path, str]]:
    """Each file with what it is called behind the prefix."""
    for path in sorted((output / "results").glob("*/*")):
        test = path.parent.name.removesuffix(f"-{BROWSER}")
        if path.name == "trace.zip":
            yield path, f"{test}-{BROWSER}.trace.zip"
        elif path.suffix in _PICTURES:
            yield path, f"{test}-{BROWSER}-{path.stem}{path.suffix}"
    for number, path in enumerate(sorted((output / "har").glob("*.har")), start=1):
        yield path, f"requests-{number}-{BROWSER}.har"
