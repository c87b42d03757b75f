"""`octoperf-mcp tools`: what is registered, and what it costs a context window."""

import argparse
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from octoperf_mcp.cli.settings import add_config_arguments, read
from octoperf_mcp.cli.switches import ACTIONS, add_switch_arguments, turn
from octoperf_mcp.registry.registry import Registry

VOCABULARY = "o200k_base"
"""That of current OpenAI models; others split JSON much alike."""


class NoTokenizerError(Exception):
    """The package that counts tokens is not installed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_config_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print the objects of tools/list")
    parser.add_argument("--tokens", action="store_true", help="count their tokens by area")
    parser.set_defaults(action="")
    add_switch_arguments(parser.add_subparsers(dest="action", metavar="ACTION"), "tool")


def run(args: argparse.Namespace) -> int:
    """List the tools by plugin, or turn one."""
    if args.action in ACTIONS:
        return turn(args, "tool")
    _, registry = read(args)
    if args.tokens:
        return _report_tokens(registry, as_json=args.json)
    if args.json:
        _print_json([dict(tool.definition) for tool in registry.tools.values()])
        return 0
    width = max((len(name) for name in registry.tools), default=0)
    for owner in sorted(set(registry.owners.values())):
        print(f"{owner}:")
        for name, tool in registry.tools.items():
            if registry.owners[name] == owner:
                print(f"  {name:<{width}}  {tool.title}")
    print(f"{len(registry.tools)} tools; `--json` prints the full definitions.")
    return 0


def token_counts(definitions: Iterable[Mapping[str, Any]]) -> list[int]:
    """Tokens of each definition as `tools/list` writes it.

    toktok carries its vocabularies in the wheel, where others fetch them when first used.

    Raises:
        NoTokenizerError: it is not installed.
    """
    try:
        from toktok import batch_count
    except ModuleNotFoundError as error:
        raise NoTokenizerError from error
    texts = [orjson.dumps(dict(definition)).decode() for definition in definitions]
    return [int(count) for count in batch_count(texts, VOCABULARY)]


def _report_tokens(registry: Registry, *, as_json: bool) -> int:
    tools = registry.tools
    try:
        counted = token_counts(tool.definition for tool in tools.values())
    except NoTokenizerError:
        print("Counting tokens needs a tokenizer: pip install toktok-rs", file=sys.stderr)
        return 1
    counts = dict(zip(tools, counted, strict=True))
    areas: dict[str, dict[str, int]] = {}
    for name, count in counts.items():
        areas.setdefault(registry.owners[name], {})[name] = count
    if as_json:
        _print_json({"vocabulary": VOCABULARY, "areas": dict(sorted(areas.items()))})
        return 0
    print(f"{'area':<12} {'tools':>5} {'tokens':>7} {'a tool':>7}  largest")
    for area, of_area in sorted(areas.items()):
        _print_tokens(area, of_area)
    _print_tokens("all", counts)
    print(f"Definitions as tools/list has them, in tokens of {VOCABULARY}.")
    return 0


def _print_tokens(area: str, counts: Mapping[str, int]) -> None:
    total = sum(counts.values())
    largest = max(counts, key=lambda name: counts[name], default="")
    each = round(total / len(counts)) if counts else 0
    named = f"{largest} ({counts[largest]})" if largest else ""
    print(f"{area:<12} {len(counts):>5} {total:>7} {each:>7}  {named}")


def _print_json(value: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
