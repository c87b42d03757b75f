"""`octoperf-mcp tools`: what is registered."""

import argparse
import sys

import orjson

from octoperf_mcp.cli.settings import add_config_arguments, read


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_config_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print the objects of tools/list")


def run(args: argparse.Namespace) -> int:
    """List the tools by plugin."""
    _, registry = read(args)
    if args.json:
        listed = [dict(tool.definition) for tool in registry.tools.values()]
        sys.stdout.buffer.write(orjson.dumps(listed, option=orjson.OPT_INDENT_2) + b"\n")
        return 0
    width = max((len(name) for name in registry.tools), default=0)
    for owner in sorted(set(registry.owners.values())):
        print(f"{owner}:")
        for name, tool in registry.tools.items():
            if registry.owners[name] == owner:
                print(f"  {name:<{width}}  {tool.title}")
    print(f"{len(registry.tools)} tools; `--json` prints the full definitions.")
    return 0
