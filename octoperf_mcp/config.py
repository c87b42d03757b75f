"""Configuration: flags > environment > TOML file > defaults, into frozen dataclasses.

A TOML table is a section, a key a field: `[embedded] demo_password`, which the environment spells
`OCTOPERF_MCP_EMBEDDED_DEMO_PASSWORD`, or `…_FILE` to read it from a file. Unknown keys are errors.
"""

import difflib
import os
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from octoperf_mcp.errors import ConfigError

PREFIX = "OCTOPERF_MCP_"
DEFAULT_FILE = "octoperf-mcp.toml"
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


class Secret:
    """A text that neither repr nor str shows; `reveal` does."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(…)" if self._value else "Secret()"


def described(text: str, default: Any = MISSING, *, factory: Any = MISSING) -> Any:
    """A field with the sentence that `config` commands and errors show."""
    if factory is not MISSING:
        return field(default_factory=factory, metadata={"help": text})
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the server listens and what it calls itself."""

    host: str = described(
        "Address to listen on; another than loopback needs public_url.", "127.0.0.1"
    )
    port: int = described("Port to listen on; 0 takes a free one.", 8091)
    public_url: str = described("Origin that clients see, https://octoperf.example.com.", "")
    allowed_origins: tuple[str, ...] = described(
        "Browser origins that may call /mcp, besides loopback ones; * for all.", ()
    )
    secrets: Secret = described(
        "Secrets that seal sessions and questions, so that they survive a restart and work on all "
        "replicas: 32 random characters or more, several separated by blanks, newest first.",
        factory=Secret,
    )
    trusted_proxies: tuple[str, ...] = described(
        "Addresses and networks of reverse proxies whose X-Forwarded-For is believed.", ()
    )
    drain_s: float = described("Seconds that calls under way may take to end after SIGTERM.", 20.0)


@dataclass(frozen=True, slots=True)
class SharedSettings:
    """What several replicas share; empty for a server that is alone."""

    redis_url: Secret = described(
        "Redis 7 or Valkey, redis://[[user]:password@]host[:port][/db], rediss:// for TLS: streams "
        "resume, questions are answered and deleted sessions are known at every replica. Needs "
        "the extra `redis` and [server] secrets.",
        factory=Secret,
    )
    prefix: str = described("First part of all keys in Redis.", "octoperf-mcp")


@dataclass(frozen=True, slots=True)
class ToolsSettings:
    """What holds for all tools."""

    confirm: str = described(
        "Before load is started or stopped and before something is deleted: `ask` the user where "
        "the client can, `always` want a second call with a token where it cannot (edits "
        "included), `never`.",
        "ask",
    )
    max_result_bytes: int = described(
        "Largest result of a tool; longer lists are cut, and say so in `truncated`.", 60_000
    )


@dataclass(frozen=True, slots=True)
class LimitsSettings:
    """What one user may take of this process; 0 for no limit."""

    requests_per_s: float = described("Requests a second to /mcp, in the long run.", 50.0)
    burst: int = described("Requests to /mcp that may come at once.", 500)
    streams: int = described("Open event streams at a time.", 100)


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """The OctoPerf REST API behind the bridge; empty means the embedded platform."""

    url: str = described("Origin of the REST API, https://api.octoperf.com.", "")
    ui_url: str = described("Origin of the web UI that links point at; default: the API's.", "")
    timeout_s: float = described("Longest silence of the REST API during a call.", 60.0)
    connections: int = described("Most connections at a time.", 100)
    max_answer_bytes: int = described("Largest REST answer that is read.", 64 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """Whose tokens are accepted."""

    mode: str = described("`oauth`, or `off` for protocol tests on a loopback address.", "oauth")
    issuer: str = described("Issuer of the tokens; default: the REST API's origin.", "")
    jwks_url: str = described("Where the issuer's keys are; default: read from its metadata.", "")
    audiences: tuple[str, ...] = described(
        "Accepted `aud` values besides the public origin and its /mcp.", ()
    )
    algorithms: tuple[str, ...] = described(
        "Accepted signature algorithms.", ("RS256", "ES256", "EdDSA")
    )
    leeway_s: float = described("Clock difference that is forgiven.", 30.0)


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """The embedded OctoPerf-compatible platform."""

    data_dir: str = described("Directory of the database, run files and keys.", "")
    database_url: str = described("Database address; default: SQLite in data_dir.", "")
    secrets_key: Secret = described(
        "Key that seals secret variables: 32 bytes in Base64, the same on all replicas of one "
        "database; default: the file secrets.key in data_dir.",
        factory=Secret,
    )
    demo_password: Secret = described(
        "Password of the user `demo` in a fresh data directory; default: generated.", factory=Secret
    )
    max_upload_bytes: int = described("Largest uploaded file.", 200 * 1024 * 1024)
    presigned_life_s: int = described("Seconds a presigned address lives.", 300)
    fetch_from: tuple[str, ...] = described(
        "Where imports may be fetched: `public` for all public addresses, HOST[:PORT]; off.", ()
    )
    revisions: int = described("Earlier versions kept of each document.", 50)
    revision_days: int = described("Days that earlier versions are kept.", 90)
    audit_days: int = described("Days that the record of who did what is kept.", 90)
    chromium: str = described(
        "Program that prints reports as PDF; default: Chromium or Chrome, found on PATH.", ""
    )
    access_life_s: int = described("Seconds an access token lives.", 15 * 60)
    client_documents: bool = described(
        "Accept client ids that are addresses of metadata documents, and fetch those; needs a "
        "way out to the internet.",
        False,
    )
    client_document_hosts: tuple[str, ...] = described(
        "Hosts whose metadata documents are fetched; default: any.", ()
    )
    login_release: int = described(
        "Release whose answer /public/users/login gives: 16, or 15 with a bare token.", 16
    )
    workers: int = described("Load worker processes of a run; 0: one per core.", 0)
    run_file_days: int = described(
        "Days that logs and other files of a run are kept after its end; 0: for ever.", 7
    )
    most_users: int = described(
        "Most virtual users of a run; 0: one for each megabyte of the machine's memory.", 0
    )
    longest_run_min: int = described("Longest planned run, in minutes.", 24 * 60)
    unconfirmed_users: int = described(
        "Most virtual users of a run against hosts that are neither this machine nor confirmed.", 50
    )
    load_targets: tuple[str, ...] = described(
        "Hosts that may be put under load from all workspaces; * stands for any text.", ()
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged and how."""

    level: str = described("debug, info, warning or error.", "info")
    format: str = described("`json`, `console`, or `auto`: console on a terminal.", "auto")


@dataclass(frozen=True, slots=True)
class PluginsSettings:
    """Which plugins run."""

    enable: tuple[str, ...] = described("Plugins to switch on: third-party ones, conformance.", ())
    disable: tuple[str, ...] = described("Plugins to switch off.", ())


SECTIONS: dict[str, type[Any]] = {
    "server": ServerSettings,
    "shared": SharedSettings,
    "tools": ToolsSettings,
    "limits": LimitsSettings,
    "upstream": UpstreamSettings,
    "auth": AuthSettings,
    "embedded": EmbeddedSettings,
    "log": LogSettings,
    "plugins": PluginsSettings,
}


class Settings:
    """All sections, built-in ones as attributes, any by `settings["bench"]`."""

    def __init__(self, sections: Mapping[str, Any]) -> None:
        self._sections = dict(sections)

    def __getitem__(self, name: str) -> Any:
        return self._sections[name]

    @property
    def server(self) -> ServerSettings:
        """`[server]`."""
        return typing.cast("ServerSettings", self._sections["server"])

    @property
    def shared(self) -> SharedSettings:
        """`[shared]`."""
        return typing.cast("SharedSettings", self._sections["shared"])

    @property
    def tools(self) -> ToolsSettings:
        """`[tools]`."""
        return typing.cast("ToolsSettings", self._sections["tools"])

    @property
    def limits(self) -> LimitsSettings:
        """`[limits]`."""
        return typing.cast("LimitsSettings", self._sections["limits"])

    @property
    def upstream(self) -> UpstreamSettings:
        """`[upstream]`."""
        return typing.cast("UpstreamSettings", self._sections["upstream"])

    @property
    def auth(self) -> AuthSettings:
        """`[auth]`."""
        return typing.cast("AuthSettings", self._sections["auth"])

    @property
    def embedded(self) -> EmbeddedSettings:
        """`[embedded]`."""
        return typing.cast("EmbeddedSettings", self._sections["embedded"])

    @property
    def log(self) -> LogSettings:
        """`[log]`."""
        return typing.cast("LogSettings", self._sections["log"])

    @property
    def plugins(self) -> PluginsSettings:
        """`[plugins]`."""
        return typing.cast("PluginsSettings", self._sections["plugins"])


def load_settings(
    *,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    sections: Mapping[str, type[Any]] | None = None,
    lenient: bool = False,
) -> Settings:
    """Read the configuration.

    Args:
        flags: Values from the command line by section and key; None values count as absent.
        environ: The environment; default: the process's.
        file: TOML file; default: `OCTOPERF_MCP_CONFIG`, else `octoperf-mcp.toml` if it exists.
        sections: Sections of plugins besides the built-in ones.
        lenient: Leave unknown sections alone: used before plugins are loaded.

    Raises:
        ConfigError: an unknown key, a wrong type, an unreadable file.
    """
    environ = os.environ if environ is None else environ
    known = {**SECTIONS, **(sections or {})}
    from_file = _read_file(file, environ)
    _refuse_unknown(from_file, known, lenient=lenient)
    if not lenient:
        _refuse_unknown_environment(environ, known)
    return Settings(
        {
            name: _section(name, kind, (flags or {}).get(name, {}), environ, from_file)
            for name, kind in known.items()
        }
    )


def _read_file(file: Path | None, environ: Mapping[str, str]) -> dict[str, Any]:
    named = file or (Path(environ[PREFIX + "CONFIG"]) if PREFIX + "CONFIG" in environ else None)
    path = named or Path(DEFAULT_FILE)
    if named is None and not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _refuse_unknown(
    from_file: Mapping[str, Any], known: Mapping[str, type[Any]], *, lenient: bool
) -> None:
    for section, values in from_file.items():
        if section not in known:
            if lenient:
                continue
            raise ConfigError(f"There is no section [{section}]{_suggest(section, known)}.")
        if not isinstance(values, dict):
            raise ConfigError(f"[{section}] must be a table.")
        keys = [item.name for item in fields(known[section])]
        for key in values:
            if key not in keys:
                raise ConfigError(f"[{section}] has no key {key!r}{_suggest(key, keys)}.")


def _refuse_unknown_environment(environ: Mapping[str, str], known: Mapping[str, type[Any]]) -> None:
    names = {PREFIX + "CONFIG"}
    for section, kind in known.items():
        for item in fields(kind):
            names |= {_variable(section, item.name), _variable(section, item.name) + "_FILE"}
    for name in environ:
        if name.startswith(PREFIX) and not name.startswith(PREFIX + "TESTS_") and name not in names:
            raise ConfigError(f"The environment variable {name} is unknown{_suggest(name, names)}.")


def _suggest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _variable(section: str, key: str) -> str:
    return f"{PREFIX}{section}_{key}".upper()


def _section(
    name: str,
    kind: type[Any],
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    from_file: Mapping[str, Any],
) -> Any:
    if not is_dataclass(kind):
        raise ConfigError(f"[{name}]: its settings must be a dataclass.")
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for item in fields(kind):
        found = _value(name, item, flags, environ, from_file)
        if found is not None:
            values[item.name] = _convert(found, hints[item.name], f"[{name}] {item.name}")
    return kind(**values)


def _value(
    section: str,
    item: Field[Any],
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    from_file: Mapping[str, Any],
) -> Any:
    if flags.get(item.name) is not None:
        return flags[item.name]
    variable = _variable(section, item.name)
    if variable + "_FILE" in environ:
        try:
            return Path(environ[variable + "_FILE"]).read_text("utf-8").rstrip("\r\n")
        except OSError as error:
            raise ConfigError(f"{variable}_FILE cannot be read: {error}") from error
    if variable in environ:
        return environ[variable]
    return from_file.get(section, {}).get(item.name)


def _convert(value: Any, kind: Any, where: str) -> Any:
    if kind is Secret:
        return value if isinstance(value, Secret) else Secret(str(value))
    if kind is bool:
        return _boolean(value, where)
    if kind in (int, float):
        try:
            return kind(value)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{where} must be a number, not {value!r}.") from error
    if typing.get_origin(kind) is tuple:
        return _texts(value, where)
    if isinstance(kind, types.UnionType):
        raise ConfigError(f"{where}: settings have one type each.")
    if not isinstance(value, str):
        raise ConfigError(f"{where} must be text, not {value!r}.")
    return value


def _boolean(value: Any, where: str) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in _TRUE | _FALSE:
        return str(value).lower() in _TRUE
    raise ConfigError(f"{where} must be true or false, not {value!r}.")


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if isinstance(value, Sequence) and all(isinstance(part, str) for part in value):
        return tuple(value)
    raise ConfigError(f"{where} must be a list of texts, not {value!r}.")
