"""`octoperf-mcp plugins`: what was found, what runs and why something does not; switches."""

import argparse
import dataclasses
import sys
from pathlib import Path

import orjson

from octoperf_mcp.cli.settings import add_config_arguments, add_data_dir_argument, read
from octoperf_mcp.cli.switches import ACTIONS, add_switch_arguments, switches_of, turn
from octoperf_mcp.kit.making import make_plugin
from octoperf_mcp.registry.registry import PluginInfo
from octoperf_mcp.registry.switched import composed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list the plugins that were found")
    add_config_arguments(listing)
    listing.add_argument("--upstream", help=argparse.SUPPRESS)
    add_data_dir_argument(listing)
    listing.add_argument("--json", action="store_true", help="print JSON")
    add_switch_arguments(actions, "plugin")
    making = actions.add_parser("new", help="make the package of a plugin, with tests and CI")
    making.add_argument("name", metavar="NAME", help="lower-case letters, digits and _")
    making.add_argument("--folder", type=Path, help="where (default: octoperf-mcp-NAME)")
    checking = actions.add_parser("check", help="hold a plugin to the contract; 1 if it breaks it")
    checking.add_argument("name", metavar="NAME")
    add_config_arguments(checking)
    checking.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Do what the action says."""
    if args.action in ACTIONS:
        return turn(args, "plugin")
    actions = {"new": _new, "check": _check, "list": _list}
    return actions[args.action](args)


def _new(args: argparse.Namespace) -> int:
    folder = args.folder or Path(f"octoperf-mcp-{args.name.replace('_', '-')}")
    for path in make_plugin(args.name, folder):
        print(path)
    print(f"Next: cd {folder} && pip install -e '.[test]' && pytest")
    return 0


def _check(args: argparse.Namespace) -> int:
    from octoperf_mcp.kit.contract import report

    args.enable = [*(args.enable or ()), args.name]
    _, registry = read(args)
    told = report(registry, args.name)
    if args.json:
        sys.stdout.buffer.write(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")
        return 1 if told.problems else 0
    print(f"{told.plugin}: {told.state}, API {told.api or 'not declared'}")
    print(f"hooks: {', '.join(told.hooks) or 'none'}")
    for tool in told.tools:
        size = f"{tool.bytes} bytes" if tool.tokens is None else f"{tool.tokens} tokens"
        print(f"  {tool.name}: {tool.effect}, {size}")
    for addition in told.adds:
        print(f"  {addition}")
    for endpoint in told.rest_calls:
        print(f"  {endpoint}")
    for problem in told.problems:
        print(f"problem: {problem}")
    print("The contract is broken." if told.problems else "The contract is kept.")
    return 1 if told.problems else 0


def _list(args: argparse.Namespace) -> int:
    settings, _ = read(args)
    state, told = switches_of(settings)
    registry = composed(settings.plugins, settings.tools, state)
    for line in told:
        print(line, file=sys.stderr)
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
        what = _does(plugin) if plugin.state == "enabled" else plugin.reason
        api = plugin.api or "-"
        print(f"{plugin.name:<{width}}  {plugin.state:<8}  {api:<9}  {origin:<10}  {what}")
    return 0


def _does(plugin: PluginInfo) -> str:
    """Its tools, or what it does beside tools."""
    told = [hook.removeprefix("register_").replace("_", " ") for hook in plugin.hooks]
    if not plugin.tools:
        return ", ".join(told) or "nothing"
    return f"{plugin.tools} tool{'s' if plugin.tools > 1 else ''}"
