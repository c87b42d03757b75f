"""`octoperf-mcp users`: who may sign in to the embedded platform."""

import argparse
import asyncio
import getpass
import secrets
import sys
from typing import Any

import orjson

from octoperf_mcp.cli.local import Local, add_local_arguments, local_settings, opened
from octoperf_mcp.config import Settings
from octoperf_mcp.errors import ConfigError

_GENERATED_BYTES = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list the users")
    listing.add_argument("--json", action="store_true", help="as JSON")
    add = actions.add_parser("add", help="add a user with a workspace of his own")
    add.add_argument("--administrator", action="store_true", help="who may administer the platform")
    passwd = actions.add_parser("passwd", help="change a password; ends sessions and connections")
    for each in (add, passwd):
        each.add_argument("--generate", action="store_true", help="make a password and print it")
        each.epilog = (
            "The password is asked for, or read as one line from standard input; never an argument."
        )
    others = {
        "disable": "lock a user out, ending sessions and connections",
        "enable": "let a user in again",
        "promote": "let a user administer the platform",
        "demote": "no longer let a user administer the platform",
    }
    parsers = {name: actions.add_parser(name, help=text) for name, text in others.items()}
    for each in (add, passwd, *parsers.values()):
        each.add_argument("username")
    for each in (listing, add, passwd, *parsers.values()):
        add_local_arguments(each)


def run(args: argparse.Namespace) -> int:
    """Do it."""
    settings = local_settings(args)
    if args.action == "list":
        _print(asyncio.run(_all(settings)), as_json=args.json)
        return 0
    password = ""
    if args.action in {"add", "passwd"}:
        password = _password(generate=args.generate)
    asyncio.run(_change(settings, args, password))
    if password and args.generate:
        print(password)
    return 0


async def _all(settings: Settings) -> list[dict[str, Any]]:
    async with opened(settings) as local:
        return await local.identity.users.all()


async def _change(settings: Settings, args: argparse.Namespace, password: str) -> None:
    async with opened(settings) as local:
        if args.action == "add":
            user_id = await _added(local, args, password)
        else:
            user_id = await _changed(local, args, password)
        await local.note(f"user.{args.action}", user_id)


async def _added(local: Local, args: argparse.Namespace, password: str) -> str:
    from octoperf_mcp.embedded.people import add_person

    return await add_person(
        local.identity,
        local.documents,
        args.username,
        password,
        administers=args.administrator,
    )


async def _changed(local: Local, args: argparse.Namespace, password: str) -> str:
    identity = local.identity
    user = await identity.find_user(args.username)
    if user is None:
        known = ", ".join(each["username"] for each in await identity.users.all())
        raise ConfigError(f"There is no user {args.username!r}; known are: {known or 'none'}.")
    user_id = str(user["id"])
    match args.action:
        case "passwd":
            await identity.set_password(user_id, password)
        case "disable" | "enable":
            await identity.set_disabled(user_id, args.action == "disable")
        case _:
            await identity.users.set_administrator(user_id, args.action == "promote")
    return user_id


def _password(*, generate: bool) -> str:
    if generate:
        return secrets.token_urlsafe(_GENERATED_BYTES)
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise ConfigError("The two passwords differ.")
    return password


def _print(users: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(orjson.dumps(users).decode())
        return
    for user in users:
        marks = [name for name in ("administrator", "disabled") if user[name]]
        print(f"{user['username']:<30} {user['id']}  {' '.join(marks)}".rstrip())
