"""`octoperf-mcp config`: what is configured, whether it holds, and what can be configured."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import orjson

from octoperf_mcp.cli.settings import (
    add_config_arguments,
    add_data_dir_argument,
    add_server_arguments,
    read,
)
from octoperf_mcp.config import Settings, shown
from octoperf_mcp.config.contradictions import contradictions
from octoperf_mcp.config.schema import json_schema
from octoperf_mcp.errors import ConfigError, OctoPerfMcpError
from octoperf_mcp.registry.manager import load_registry

_WRONG = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    showing = actions.add_parser("show", help="print every key with its value; secrets are hidden")
    showing.add_argument("--origin", action="store_true", help="also where each value comes from")
    checking = actions.add_parser("check", help="say what is wrong; exit status 2 if something is")
    for each in (showing, checking):
        each.add_argument("--json", action="store_true", help="as JSON")
        add_server_arguments(each)
        add_data_dir_argument(each)
        add_config_arguments(each)
    actions.add_parser("schema", help="print a JSON Schema of the file, for editors")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    if args.action == "schema":
        sections = {each.name: each.settings for each in load_registry().config_sections}
        print(orjson.dumps(json_schema(sections), option=orjson.OPT_INDENT_2).decode())
        return 0
    if args.action == "check":
        return _check(args)
    settings, _registry = read(args)
    told = {name: _section(settings, name) for name in settings.names}
    if args.json:
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
    else:
        _print(told, origins=args.origin)
    return 0


def _check(args: argparse.Namespace) -> int:
    problems: list[str] = []
    try:
        settings, _registry = read(args)
        problems = contradictions(settings)
    except (ConfigError, OctoPerfMcpError) as error:
        problems = error.message.splitlines()
    if args.json:
        print(orjson.dumps({"ok": not problems, "problems": problems}).decode())
    elif problems:
        print("\n".join(problems), file=sys.stderr)
    else:
        print("The configuration holds.")
    return _WRONG if problems else 0


def _section(settings: Settings, name: str) -> dict[str, dict[str, Any]]:
    section = settings[name]
    return {
        item.name: {
            "value": shown(getattr(section, item.name)),
            "origin": str(settings.origin(name, item.name)),
        }
        for item in fields(section)
    }


def _print(told: Mapping[str, Mapping[str, Mapping[str, Any]]], *, origins: bool) -> None:
    for section, keys in told.items():
        print(f"[{section}]")
        for key, each in keys.items():
            line = f"{key} = {orjson.dumps(each['value']).decode()}"
            print(f"{line}  # {each['origin']}" if origins else line)
        print()
