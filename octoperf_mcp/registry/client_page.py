"""The page *Connect a client*: a section for each client, for the address of one server."""

from collections.abc import Iterator
from typing import Final

from octoperf_mcp.registry.assets import PublicAsset
from octoperf_mcp.registry.client_setups import (
    ClientSetup,
    bundle_folder,
    guide_url,
    is_public,
    pretty_json,
    setups,
)

PATH: Final = "connect.md"


def connect_asset(origin: str, client_id: str = "") -> PublicAsset:
    """The page as a server publishes it.

    Args:
        origin: Of the server, as clients see it, without a slash at its end.
        client_id: What clients are given that cannot register themselves; "": they can.
    """
    url = f"{origin}/mcp"
    intro = [
        f"The address of this server is `{url}`. {REACH if not is_public(url) else ''}".strip()
    ]
    return PublicAsset(
        path=PATH,
        media_type="text/markdown; charset=utf-8",
        content="\n".join([*connect_page(url, intro, client_id), ""]).encode(),
        title="Connect a client",
        description="How to add, sign in, check and remove, for each client.",
    )


REACH: Final = (
    "Clients that run at their vendor cannot reach it: that takes a public https address."
)


def connect_page(url: str, intro: list[str], client_id: str = "") -> Iterator[str]:
    """The lines of the page, below an introduction."""
    yield from ("# Connect a client", "", *intro)
    for setup in setups(url, client_id).values():
        yield from _section(setup, url)


def _section(setup: ClientSetup, url: str) -> Iterator[str]:
    yield from ("", f"## {setup.title}", "", f"`octoperf-mcp connect {setup.name}`", "")
    if setup.hosted:
        yield from ("Runs at its vendor: the server needs a public https address.", "")
    yield from _packaged(setup, url)
    if setup.commands:
        yield from ("```sh", *setup.commands, "```", "")
    for number, step in enumerate(setup.steps, 1):
        yield f"{number}. {step}"
    if setup.steps:
        yield ""
    if setup.link:
        yield from (f"[Add to {setup.title.rpartition(' in ')[2]}]({setup.link})", "")
    if setup.file is not None:
        yield f"{'Or in' if setup.commands or setup.link else 'In'} `{setup.file}`:"
        yield from ("", "```json", pretty_json(setup.content).decode().rstrip(), "```", "")
    for address in setup.redirects:
        yield f"- **Redirect address** of the client id: `{address}`"
    yield f"- **Sign in**: {_shown(setup.sign_in)}"
    yield f"- **Check**: {_shown(setup.check)}"
    yield f"- **Remove**: {_shown(setup.remove)}"
    if setup.guide is not None:
        yield f"- **Agent guide**: `curl --create-dirs -o {setup.guide} {guide_url(url)}`"
    if setup.guide_note:
        where = "" if setup.guide else f" (<{guide_url(url)}>)"
        yield f"- {setup.guide_note}{where}"
    yield f"- **Vendor's page**: <{setup.reference}>"


def _packaged(setup: ClientSetup, url: str) -> Iterator[str]:
    if not setup.package:
        return
    steps = [step.format(folder=bundle_folder(setup.name)) for step in setup.package]
    yield "With the agent guide and the skills, as a package that is made where the server's"
    yield from ("configuration is (or with its `--upstream`, `--enable`, `--disable`):", "")
    yield from ("```sh", setup.bundle_command(url), *steps, "```", "")
    yield from (f"`{setup.package_remove}` takes it away. Or the connection alone:", "")


def _shown(text: str) -> str:
    """A command as code, a sentence as it is."""
    return text if text.endswith(".") else f"`{text}`"
