"""`octoperf-mcp delivery`: the exit status of a pipeline."""

import argparse
import json
import sys
from pathlib import Path

from octoperf_mcp import add_config_arguments
from octoperf_mcp_delivery.formats import junit, markdown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_config_arguments(parser)
    parser.add_argument(
        "verdict", type=Path, metavar="FILE", help="what delivery_judge_run answered"
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML there")


def run(args: argparse.Namespace) -> int:
    """Print the verdict; 1 when the run failed, 2 when there is none."""
    try:
        verdict = json.loads(args.verdict.read_text("utf-8"))
        xml, text = junit(verdict), markdown(verdict)
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"{args.verdict} holds no verdict: {error}\n")
        return 2
    if args.junit:
        args.junit.write_text(xml, encoding="utf-8")
    sys.stdout.write(text)
    return 0 if verdict["passed"] else 1
