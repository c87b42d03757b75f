"""All sections together, with where each value comes from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from octoperf_mcp.config.sections import (
    AuthSettings,
    EmbeddedSettings,
    LimitsSettings,
    LogSettings,
    MetricsSettings,
    PluginsSettings,
    ServerSettings,
    SharedSettings,
    ToolsSettings,
    TracesSettings,
    UpstreamSettings,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from; `name` is the flag's, variable's or file's."""

    kind: Literal["flag", "environment", "file", "default"]
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".rstrip()


DEFAULT: Final = Origin("default")


class Settings:
    """All sections, built-in ones as attributes, any by `settings["bench"]`."""

    def __init__(
        self,
        sections: Mapping[str, Any],
        origins: Mapping[tuple[str, str], Origin] | None = None,
        read: Callable[[str, type[Any]], Any] | None = None,
    ) -> None:
        self._sections = dict(sections)
        self._origins = dict(origins or {})
        self._read = read

    def section(self, name: str, kind: type[Any]) -> Any:
        """A section, read now where it was not read at start: its plugin was enabled since.

        Raises:
            ConfigError: one of its values is impossible.
        """
        if name not in self._sections and self._read is not None:
            self._sections[name] = self._read(name, kind)
        return self._sections.get(name)

    def origin(self, section: str, key: str) -> Origin:
        """Where the value of a key comes from."""
        return self._origins.get((section, key), DEFAULT)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all sections."""
        return tuple(self._sections)

    def __getitem__(self, name: str) -> Any:
        return self._sections[name]

    @property
    def server(self) -> ServerSettings:
        """`[server]`."""
        return cast("ServerSettings", self._sections["server"])

    @property
    def shared(self) -> SharedSettings:
        """`[shared]`."""
        return cast("SharedSettings", self._sections["shared"])

    @property
    def tools(self) -> ToolsSettings:
        """`[tools]`."""
        return cast("ToolsSettings", self._sections["tools"])

    @property
    def limits(self) -> LimitsSettings:
        """`[limits]`."""
        return cast("LimitsSettings", self._sections["limits"])

    @property
    def upstream(self) -> UpstreamSettings:
        """`[upstream]`."""
        return cast("UpstreamSettings", self._sections["upstream"])

    @property
    def auth(self) -> AuthSettings:
        """`[auth]`."""
        return cast("AuthSettings", self._sections["auth"])

    @property
    def embedded(self) -> EmbeddedSettings:
        """`[embedded]`."""
        return cast("EmbeddedSettings", self._sections["embedded"])

    @property
    def log(self) -> LogSettings:
        """`[log]`."""
        return cast("LogSettings", self._sections["log"])

    @property
    def metrics(self) -> MetricsSettings:
        """`[metrics]`."""
        return cast("MetricsSettings", self._sections["metrics"])

    @property
    def traces(self) -> TracesSettings:
        """`[traces]`."""
        return cast("TracesSettings", self._sections["traces"])

    @property
    def plugins(self) -> PluginsSettings:
        """`[plugins]`."""
        return cast("PluginsSettings", self._sections["plugins"])
