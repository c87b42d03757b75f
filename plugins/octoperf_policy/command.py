"""`octoperf-mcp policy`: which tools are refused now."""

import argparse
import json
import sys

from octoperf_mcp import add_config_arguments, read_config
from octoperf_policy.rules import why_refused


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_config_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """List the refused tools, each with its reason."""
    settings, registry = read_config(args)
    refused = {
        name: why
        for name, tool in registry.tools.items()
        if (
            why := why_refused(
                settings["policy"],
                name,
                read_only=tool.definition["annotations"]["readOnlyHint"],
            )
        )
    }
    if args.json:
        sys.stdout.write(json.dumps(refused, indent=2) + "\n")
        return 0
    for name, why in refused.items():
        sys.stdout.write(f"{name}: {why}\n")
    sys.stdout.write(f"{len(refused)} of {len(registry.tools)} tools are refused.\n")
    return 0
