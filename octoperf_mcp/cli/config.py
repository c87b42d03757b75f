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
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.upstream.routes import all_names, load_routes

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
    routing = actions.add_parser(
        "routes", help="print the calls of the REST API, as [upstream] routes_file has them"
    )
    routing.add_argument("--json", action="store_true", help="as JSON")
    add_config_arguments(routing)
    actions.add_parser("schema", help="print a JSON Schema of the file, for editors")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    if args.action == "schema":
        sections = {each.name: each.settings for each in load_registry().config_sections}
        print(orjson.dumps(json_schema(sections), option=orjson.OPT_INDENT_2).decode())
        return 0
    if args.action == "check":
        return _check(args)
    settings, registry = read(args)
    if args.action == "routes":
        _print_routes(settings, registry, as_json=args.json)
        return 0
    told = {name: _section(settings, name) for name in settings.names}
    if args.json:
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
    else:
        _print(told, origins=args.origin)
    return 0


def _check(args: argparse.Namespace) -> int:
    problems: list[str] = []
    try:
        settings, registry = read(args)
        problems = contradictions(settings)
        load_routes(settings.upstream.routes_file, registry.routes)
    except (ConfigError, OctoPerfMcpError) as error:
        problems = [*problems, *error.message.splitlines()]
    if args.json:
        print(orjson.dumps({"ok": not problems, "problems": problems}).decode())
    elif problems:
        print("\n".join(problems), file=sys.stderr)
    else:
        print("The configuration holds.")
    return _WRONG if problems else 0


def _print_routes(settings: Settings, registry: Registry, *, as_json: bool) -> None:
    routes = load_routes(settings.upstream.routes_file, registry.routes)
    told = {
        plugin: {name: routes[call].endpoint for name, call in sorted(calls.items())}
        for plugin, calls in all_names(registry.routes).items()
    }
    if as_json:
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
        return
    for plugin, calls in told.items():
        print(f"[{plugin}]")
        for name, endpoint in calls.items():
            key = name if name.isidentifier() else orjson.dumps(name).decode()
            print(f"{key} = {orjson.dumps(endpoint).decode()}")
        print()


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
