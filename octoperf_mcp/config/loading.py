"""Reading the configuration: flags > environment > TOML file > defaults."""

import os
import tomllib
import typing
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from octoperf_mcp.config.sections import SECTIONS
from octoperf_mcp.config.settings import DEFAULT, Origin, Settings
from octoperf_mcp.config.values import converted, shown, suggestion
from octoperf_mcp.errors import ConfigError

PREFIX = "OCTOPERF_MCP_"
DEFAULT_FILE = "octoperf-mcp.toml"


def load_settings(
    *,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    sections: Mapping[str, type[Any]] | None = None,
    idle: Collection[str] = (),
    lenient: bool = False,
) -> Settings:
    """Read the configuration.

    Args:
        flags: Values from the command line by section and key; None values count as absent.
        environ: The environment; default: the process's.
        file: TOML file; default: `OCTOPERF_MCP_CONFIG`, else `octoperf-mcp.toml` if it exists.
        sections: Sections of plugins besides the built-in ones.
        idle: Sections of plugins that do not run, which nobody reads.
        lenient: Leave unknown sections alone: used before plugins are loaded.

    Raises:
        ConfigError: an unknown key, a wrong type, a value out of its limits, an unreadable file.
    """
    environ = os.environ if environ is None else environ
    known = {**SECTIONS, **(sections or {})}
    path, from_file = _read_file(file, environ)
    read = {name: values for name, values in from_file.items() if name not in idle}
    _refuse_unknown(read, known, path, lenient=lenient)
    if not lenient:
        _refuse_unknown_environment(environ, known, idle)
    sources = _Sources(flags or {}, environ, path, from_file)
    origins: dict[tuple[str, str], Origin] = {}
    loaded = {name: _section(name, kind, sources, origins) for name, kind in known.items()}
    return Settings(loaded, origins, lambda name, kind: _section(name, kind, sources, origins))


def variable(section: str, key: str) -> str:
    """Name of the environment variable of a key."""
    return f"{PREFIX}{section}_{key}".upper()


@dataclass(frozen=True, slots=True)
class _Sources:
    flags: Mapping[str, Mapping[str, Any]]
    environ: Mapping[str, str]
    path: Path
    from_file: Mapping[str, Any]

    def value(self, section: str, key: str) -> tuple[Any, Origin]:
        """The value that wins, and where it is from; None for the default.

        Raises:
            ConfigError: the file of a `…_FILE` variable cannot be read.
        """
        given = self.flags.get(section, {}).get(key)
        if given is not None:
            return given, Origin("flag", "--" + key.replace("_", "-"))
        name = variable(section, key)
        if name + "_FILE" in self.environ:
            path = Path(self.environ[name + "_FILE"])
            try:
                return path.read_text("utf-8").rstrip("\r\n"), Origin("environment", f"{name}_FILE")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{name}_FILE cannot be read: {error}") from error
        if name in self.environ:
            return self.environ[name], Origin("environment", name)
        table = self.from_file.get(section, {})
        if key in table:
            return table[key], Origin("file", str(self.path))
        return None, DEFAULT


def _read_file(file: Path | None, environ: Mapping[str, str]) -> tuple[Path, dict[str, Any]]:
    named = file or (Path(environ[PREFIX + "CONFIG"]) if PREFIX + "CONFIG" in environ else None)
    path = named or Path(DEFAULT_FILE)
    if named is None and not path.is_file():
        return path, {}
    try:
        return path, tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _refuse_unknown(
    from_file: Mapping[str, Any], known: Mapping[str, type[Any]], path: Path, *, lenient: bool
) -> None:
    for section, values in from_file.items():
        if section not in known:
            if lenient:
                continue
            near = suggestion(section, known)
            raise ConfigError(f"{path}: there is no section [{section}]{near or '.'}")
        if not isinstance(values, dict):
            raise ConfigError(f"{path}: [{section}] must be a table, not {shown(values)!r}.")
        keys = [item.name for item in fields(known[section])]
        for key in values:
            if key not in keys:
                near = suggestion(key, keys)
                raise ConfigError(f"{path}: [{section}] has no key {key!r}{near or '.'}")


def _refuse_unknown_environment(
    environ: Mapping[str, str], known: Mapping[str, type[Any]], idle: Collection[str]
) -> None:
    names = {PREFIX + "CONFIG"}
    unread = (PREFIX + "TESTS_", *(variable(section, "") for section in idle))
    for section, kind in known.items():
        for item in fields(kind):
            names |= {variable(section, item.name), variable(section, item.name) + "_FILE"}
    for name in environ:
        if name.startswith(PREFIX) and not name.startswith(unread) and name not in names:
            near = suggestion(name, names)
            raise ConfigError(f"The environment variable {name} is unknown{near or '.'}")


def _section(
    name: str, kind: type[Any], sources: _Sources, origins: dict[tuple[str, str], Origin]
) -> Any:
    if not is_dataclass(kind):
        raise ConfigError(f"[{name}]: its settings must be a dataclass.")
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for item in fields(kind):
        found, origin = sources.value(name, item.name)
        if found is not None:
            where = f"[{name}] {item.name} ({origin})"
            values[item.name] = converted(found, hints[item.name], where, item)
            origins[name, item.name] = origin
    return kind(**values)
