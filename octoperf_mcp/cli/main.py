"""The commands, and what happens to their failures: 0 ok, 1 failed, 2 wrong use."""

import argparse
import difflib
import gc
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module

from octoperf_mcp import __version__
from octoperf_mcp.errors import ConfigError, OctoPerfMcpError
from octoperf_mcp.hookspecs import PROJECT
from octoperf_mcp.registry.extending import Command

FAILED = 1
WRONG_USE = 2
_SETTLE_LATER = frozenset({"serve"})
"""Commands that turn the garbage collector on themselves, once they are up."""


COMMANDS: dict[str, Command] = {
    "serve": Command(
        "serve",
        "run the MCP server, with the embedded platform unless --upstream is given",
        "octoperf-mcp serve --port 8091\n"
        "  octoperf-mcp serve --upstream https://api.octoperf.com --public-url https://mcp.acme.com",
    ),
    "demo": Command(
        "demo",
        "run the main job on the embedded platform: from a recording to a read report",
        "octoperf-mcp demo\n  octoperf-mcp demo --keep",
    ),
    "tools": Command(
        "tools",
        "list the tools, or what they cost a context window; disable and enable them",
        "octoperf-mcp tools --tokens\n  octoperf-mcp tools --json | jq length\n"
        "  octoperf-mcp tools disable delete_scenario",
    ),
    "plugins": Command(
        "plugins",
        "list plugins, disable and enable them; make one and check it",
        "octoperf-mcp plugins list --json\n  octoperf-mcp plugins disable bench\n"
        "  octoperf-mcp plugins enable acme\n  octoperf-mcp plugins new acme\n"
        "  octoperf-mcp plugins check acme",
    ),
    "browsers": Command(
        "browsers",
        "install and check what users with a real browser need",
        "octoperf-mcp browsers install\n  octoperf-mcp browsers check",
    ),
    "doctor": Command(
        "doctor",
        "look at an installation from outside: names, TLS, sign-in, proxies, streams, routes",
        "octoperf-mcp doctor\n"
        "  octoperf-mcp doctor --url https://mcp.acme.com/mcp --upstream https://api.acme.com\n"
        "  octoperf-mcp token | octoperf-mcp doctor --token-file - --json",
    ),
    "config": Command(
        "config",
        "show, check and describe the configuration",
        "octoperf-mcp config show --origin\n"
        "  octoperf-mcp config check --config /etc/octoperf-mcp.toml\n"
        "  octoperf-mcp config schema > octoperf-mcp.schema.json",
    ),
    "call": Command(
        "call",
        "call a tool of a running server, signing in when needed",
        "octoperf-mcp call list_workspaces\n"
        '  octoperf-mcp call list_projects_by_workspace \'{"workspaceId": "…"}\'\n'
        "  OCTOPERF_TOKEN=… octoperf-mcp call list_workspaces --url https://mcp.acme.com/mcp",
    ),
    "connect": Command(
        "connect",
        "print how to connect a client",
        "octoperf-mcp connect claude-code\n  octoperf-mcp connect copilot --write\n"
        "  octoperf-mcp connect cursor --areas analysis,discovery --readonly",
    ),
    "bundle": Command(
        "bundle",
        "write plugins, extensions and registry entries that connect clients to this server",
        "octoperf-mcp bundle claude-code --url https://mcp.acme.com/mcp\n"
        "  octoperf-mcp bundle all --output dist",
    ),
    "token": Command(
        "token",
        "print a short access token of a local user, or make, list and revoke CI tokens",
        "octoperf-mcp token --user demo\n"
        "  octoperf-mcp token create --name nightly --days 90 --area bench --max-users 50\n"
        "  octoperf-mcp token list",
    ),
    "users": Command(
        "users",
        "manage who may sign in to the embedded platform",
        "octoperf-mcp users add ada\n"
        "  octoperf-mcp users list --json\n"
        "  octoperf-mcp users passwd ada < password.txt\n"
        "  octoperf-mcp users disable ada",
    ),
    "clients": Command(
        "clients",
        "manage the OAuth clients that registered with the embedded platform",
        "octoperf-mcp clients list\n  octoperf-mcp clients prune --unused-since 90d",
    ),
    "keys": Command(
        "keys",
        "list and rotate the keys that sign the embedded platform's tokens",
        "octoperf-mcp keys list\n  octoperf-mcp keys rotate\n  octoperf-mcp keys rotate --at-once",
    ),
    "load-generator": Command(
        "load_generator",
        "lend this machine to a location of a provider of the embedded platform",
        "octoperf-mcp load-generator --join https://octoperf.acme.com --token omj_…\n"
        "  OCTOPERF_MCP_JOIN_TOKEN_FILE=/run/secrets/join octoperf-mcp load-generator \\\n"
        "    --join https://octoperf.acme.com --location paris",
    ),
    "join-tokens": Command(
        "join_tokens",
        "make, list and revoke what lets load generators join",
        "octoperf-mcp join-tokens create --name build-7\n"
        "  octoperf-mcp join-tokens list --provider 'Our machines'\n"
        "  octoperf-mcp join-tokens revoke TOKEN_ID",
    ),
    "stop-all-load": Command(
        "stop_all_load",
        "end every run of the embedded platform at once",
        "octoperf-mcp stop-all-load\n  octoperf-mcp stop-all-load --data-dir /var/lib/octoperf",
    ),
    "backup": Command(
        "backup",
        "write the embedded platform's data to one file, while it runs",
        "octoperf-mcp backup /var/backups/octoperf.tar.gz\n"
        "  octoperf-mcp backup --without-run-files --json",
    ),
    "restore": Command(
        "restore",
        "make a data directory of a backup, verified and migrated",
        "octoperf-mcp restore octoperf.tar.gz --check\n"
        "  octoperf-mcp restore octoperf.tar.gz --data-dir /var/lib/octoperf --replace",
    ),
    "audit": Command(
        "audit",
        "show who did what on the embedded platform",
        "octoperf-mcp audit --since 24h\n  octoperf-mcp audit --user ada --json",
    ),
}


def run(argv: Sequence[str]) -> int:
    """Run one command; answers the exit status."""
    parser, names = _parser(argv)
    typed = _typed(argv)
    if typed and typed not in names:
        print(f"octoperf-mcp: {_unknown(typed, names)}", file=sys.stderr)
        return WRONG_USE
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help()
        return WRONG_USE
    if args.command not in _SETTLE_LATER:
        gc.enable()
    try:
        return int(args.run(args))
    except ConfigError as error:
        return _failed(args.command, error, WRONG_USE)
    except OctoPerfMcpError as error:
        return _failed(args.command, error, FAILED)
    except KeyboardInterrupt:
        return 130


def _failed(command: str, error: OctoPerfMcpError, status: int) -> int:
    print(f"octoperf-mcp {command}: {error.message}", file=sys.stderr)
    return status


def _typed(argv: Sequence[str]) -> str:
    """The command, as far as that can be told before the options of commands are known."""
    return next((word for word in argv if not word.startswith("-")), "")


def _unknown(typed: str, names: Collection[str]) -> str:
    """What to do about a command that there is not, as when its plugin is off."""
    from importlib.metadata import entry_points

    told = f"There is no command {typed!r}. "
    if any(point.name == typed for point in entry_points(group=PROJECT)):
        return (
            f"{told}The plugin {typed} is installed and may bring it: `octoperf-mcp {typed} "
            f"--enable {typed}`, or [plugins] enable; `octoperf-mcp plugins list` says what runs."
        )
    near = difflib.get_close_matches(typed, names, n=1)
    told += f"Did you mean {near[0]}? " if near else ""
    return (
        f"{told}`octoperf-mcp --help` lists them; those of a plugin are there while it is enabled."
    )


def _parser(argv: Sequence[str]) -> tuple[argparse.ArgumentParser, Collection[str]]:
    """The parser, and the names of the commands."""
    parser = argparse.ArgumentParser(
        prog="octoperf-mcp",
        description="OctoPerf load testing over the Model Context Protocol.",
        epilog="`octoperf-mcp COMMAND --help` shows each command's options and an example.",
    )
    parser.add_argument("--version", action="version", version=f"octoperf-mcp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    known = {**_of_plugins(argv), **COMMANDS}
    for name, command in known.items():
        child = commands.add_parser(
            name,
            help=command.summary,
            description=command.summary[0].upper() + command.summary[1:] + ".",
            epilog=f"examples:\n  {command.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in argv:  # only the command that runs pays for its imports
            module = import_module(command.import_path)
            module.add_arguments(child)
            child.set_defaults(run=module.run)
    return parser, known


def _of_plugins(argv: Sequence[str]) -> Mapping[str, Command]:
    """Commands of plugins; they are loaded only where none of our own is asked for."""
    typed = _typed(argv)
    if typed in COMMANDS or (not typed and not argv):
        return {}
    from octoperf_mcp.cli.settings import registry_of_commands

    return registry_of_commands(argv, as_turned=bool(typed)).commands
