"""Flags that several commands share, and the configuration they lead to."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from octoperf_mcp.config import Settings, load_settings
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.switched import composed


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `serve` that set keys of the configuration."""
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default: 8091; 0: a free one)")
    parser.add_argument("--public-url", help="origin that clients see")
    parser.add_argument("--tls-cert", help="certificate and chain (PEM), to serve https")
    parser.add_argument("--tls-key", help="its private key (default: in the same file)")
    parser.add_argument("--upstream", help="origin of a real OctoPerf REST API")
    parser.add_argument(
        "--issuer", help="who issues the access tokens (default: the REST API's origin)"
    )
    parser.add_argument("--auth", choices=["oauth", "off"], help=argparse.SUPPRESS)
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"])


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """`--config`, `--enable`, `--disable`."""
    parser.add_argument("--config", type=Path, help="TOML file (default: octoperf-mcp.toml)")
    parser.add_argument(
        "--enable", action="append", default=None, metavar="NAME", help="switch a plugin on"
    )
    parser.add_argument(
        "--disable", action="append", default=None, metavar="NAME", help="switch a plugin off"
    )
    parser.add_argument(
        "--disable-tool", action="append", default=None, metavar="NAME", help="switch a tool off"
    )


def add_data_dir_argument(parser: argparse.ArgumentParser) -> None:
    """`--data-dir`."""
    parser.add_argument(
        "--data-dir", help=f"data of the embedded platform (default: {default_data_dir()})"
    )


def default_data_dir() -> Path:
    """`$XDG_DATA_HOME/octoperf-mcp`, usually `~/.local/share/octoperf-mcp`."""
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "octoperf-mcp"


def data_dir_of(settings: Settings) -> Path:
    """The configured data directory, else the default one."""
    return Path(settings.embedded.data_dir) if settings.embedded.data_dir else default_data_dir()


def read(args: argparse.Namespace) -> tuple[Settings, Registry]:
    """Configuration and plugins, as the flags, the environment and the file say."""
    flags = _flags(args)
    first = load_settings(flags=flags, file=args.config, lenient=True)
    registry = composed(first.plugins, first.tools)
    sections = {section.name: section.settings for section in registry.config_sections}
    idle = {plugin.name for plugin in registry.plugins if plugin.state != "enabled"} - {*sections}
    return load_settings(flags=flags, file=args.config, sections=sections, idle=idle), registry


def registry_of_commands(argv: Sequence[str], *, as_turned: bool = False) -> Registry:
    """The plugins, for their commands: as far as the arguments can be read without them.

    Args:
        argv: The arguments.
        as_turned: Whether what was turned at running servers counts, which takes a look there.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_config_arguments(parser)
    args, _ = parser.parse_known_args([word for word in argv if word not in {"-h", "--help"}])
    settings = load_settings(flags=_flags(args), file=args.config, lenient=True)
    if not as_turned:
        return composed(settings.plugins, settings.tools)
    from octoperf_mcp.cli.switches import switches_of

    return composed(settings.plugins, settings.tools, switches_of(settings)[0])


def read_config(args: argparse.Namespace) -> tuple[Settings, Registry]:
    """`read`, by the name that commands of plugins use."""
    return read(args)


def _flags(args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    given = vars(args)
    return {
        "server": {
            key: given.get(key) for key in ("host", "port", "public_url", "tls_cert", "tls_key")
        },
        "upstream": {"url": given.get("upstream")},
        "auth": {"mode": given.get("auth"), "issuer": given.get("issuer")},
        "embedded": {"data_dir": given.get("data_dir")},
        "log": {"level": given.get("log_level")},
        "tools": {"disable": given.get("disable_tool")},
        "plugins": {"enable": given.get("enable"), "disable": given.get("disable")},
    }
