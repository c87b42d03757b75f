"""`octoperf-mcp doctor`: what is wrong with an installation, and what to do about it."""

import argparse
import asyncio
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import orjson

from octoperf_mcp.cli.settings import add_config_arguments, add_server_arguments, read
from octoperf_mcp.config.contradictions import refuse_contradictions
from octoperf_mcp.doctor.examination import examine, places_of
from octoperf_mcp.doctor.findings import Finding
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.upstream.routes import load_routes

_FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "--url", default="", help="address of /mcp as clients use it (default: as configured)"
    )
    parser.add_argument(
        "--token-file", type=Path, help="file with an access token to check; - for standard input"
    )
    parser.add_argument(
        "--quick", action="store_true", help="leave out the stream that is silent for 15 s"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    add_server_arguments(parser)
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Look at everything; 0 when nothing failed."""
    settings, registry = read(args)
    refuse_contradictions(settings)
    routes = load_routes(settings.upstream.routes_file, registry.routes)
    places = places_of(settings, args.url)
    token = _token(args.token_file)

    async def look() -> list[Finding]:
        findings = []
        async for finding in examine(settings, places, routes, token, quick=args.quick):
            findings.append(finding)
            if not args.json:
                _print(finding)
        return findings

    findings = asyncio.run(look())
    counts = Counter(finding.status for finding in findings)
    if args.json:
        told = {"ok": not counts["failed"], "findings": [asdict(each) for each in findings]}
        print(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
    else:
        print(", ".join(f"{count} {status}" for status, count in sorted(counts.items())) + ".")
    return _FAILED if counts["failed"] else 0


def _token(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--token-file: {file} cannot be read.") from error
    return text.strip().removeprefix("Bearer ")


def _print(finding: Finding) -> None:
    print(f"{finding.status:<8} {finding.check:<12} {finding.message}", flush=True)
    if finding.next:
        print(f"{'':<21} → {finding.next}", flush=True)
