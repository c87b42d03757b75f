"""`octoperf-mcp plugins`: what was found, what runs and why something does not; switches."""

import argparse
import dataclasses
import sys

import orjson

from octoperf_mcp.cli.settings import add_config_arguments, read
from octoperf_mcp.cli.switches import ACTIONS, add_switch_arguments, turn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list the plugins that were found")
    add_config_arguments(listing)
    listing.add_argument("--json", action="store_true", help="print JSON")
    add_switch_arguments(actions, "plugin")


def run(args: argparse.Namespace) -> int:
    """Do what the action says."""
    if args.action in ACTIONS:
        return turn(args, "plugin")
    return _list(args)


def _list(args: argparse.Namespace) -> int:
    _, registry = read(args)
    if args.json:
        listed = [
            {**dataclasses.asdict(plugin), "builtIn": plugin.built_in}
            for plugin in registry.plugins
        ]
        sys.stdout.buffer.write(orjson.dumps(listed, option=orjson.OPT_INDENT_2) + b"\n")
        return 0
    width = max((len(plugin.name) for plugin in registry.plugins), default=0)
    for plugin in registry.plugins:
        origin = "built in" if plugin.built_in else f"{plugin.distribution} {plugin.version}"
        what = f"{plugin.tools} tools" if plugin.state == "enabled" else plugin.reason
        api = plugin.api or "-"
        print(f"{plugin.name:<{width}}  {plugin.state:<8}  {api:<9}  {origin:<10}  {what}")
    return 0
