"""Configuration: flags > environment > TOML file > defaults, into frozen dataclasses.

A TOML table is a section, a key a field: `[embedded] demo_password`, which the environment spells
`OCTOPERF_MCP_EMBEDDED_DEMO_PASSWORD`, or `…_FILE` to read it from a file. Unknown keys are errors.
"""

from octoperf_mcp.config.loading import DEFAULT_FILE, PREFIX, load_settings, variable
from octoperf_mcp.config.sections import (
    SECTIONS,
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
from octoperf_mcp.config.settings import Origin, Settings
from octoperf_mcp.config.values import HIDDEN, Secret, described, shown, suggestion

__all__ = [
    "DEFAULT_FILE",
    "HIDDEN",
    "PREFIX",
    "SECTIONS",
    "AuthSettings",
    "EmbeddedSettings",
    "LimitsSettings",
    "LogSettings",
    "MetricsSettings",
    "Origin",
    "PluginsSettings",
    "Secret",
    "ServerSettings",
    "Settings",
    "SharedSettings",
    "ToolsSettings",
    "TracesSettings",
    "UpstreamSettings",
    "described",
    "load_settings",
    "shown",
    "suggestion",
    "variable",
]
