"""`octoperf-mcp plugins new`: a package of one plugin, whose tests pass at once."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Final

from octoperf_mcp.errors import ConfigError

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,29}", re.ASCII)
_PLACES: Final = {
    "gitignore.txt": ".gitignore",
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "package/init.py.txt": "{package}/__init__.py",
    "package/rest.py.txt": "{package}/rest.py",
    "package/links.py.txt": "{package}/links.py",
    "package/tools.py.txt": "{package}/tools.py",
    "tests/test_tools.py.txt": "tests/test_tools.py",
    "workflows/ci.yml.txt": ".github/workflows/ci.yml",
}
"""Files of the template, and where they go."""


def make_plugin(name: str, folder: Path) -> list[Path]:
    """Write the package; answers its files.

    Args:
        name: Of the plugin: lower-case letters, digits, underscores.
        folder: Where; made when it is missing, refused when it holds something.

    Raises:
        ConfigError: the name or the folder cannot be taken.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no name of a plugin: lower-case letters, digits and _.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} exists already; name another one with --folder.")
    package = f"octoperf_mcp_{name}"
    title = name.replace("_", " ").capitalize()
    made = []
    for source, place in _PLACES.items():
        text = files("octoperf_mcp.kit").joinpath("template", source).read_text("utf-8")
        for mark, value in (("@package@", package), ("@name@", name), ("@title@", title)):
            text = text.replace(mark, value)
        path = folder / place.format(package=package)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        made.append(path)
    (folder / package / "py.typed").touch()
    return made
