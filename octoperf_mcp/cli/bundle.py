"""`octoperf-mcp bundle`: the connection, the guide and the skills as clients install them."""

import argparse
import sys
from pathlib import Path
from urllib.parse import urlsplit

from octoperf_mcp.cli.bundles import BUNDLES, LINK_FILE, Files, NotPublicError
from octoperf_mcp.cli.main import FAILED, WRONG_USE
from octoperf_mcp.cli.settings import add_config_arguments, read
from octoperf_mcp.config import Settings
from octoperf_mcp.registry.client_setups import is_public, setups
from octoperf_mcp.registry.guide import published

_BY_HAND = {
    "vscode": "copy it into a workspace",
    "cursor": "copy it into a project",
    "registry": "cd {folder} && mcp-publisher publish",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_config_arguments(parser)
    parser.add_argument("client", choices=[*BUNDLES, "all"], help="what to make the bundle for")
    parser.add_argument(
        "--url", default="", help="endpoint (default: that of [server] public_url, or of its port)"
    )
    parser.add_argument("--upstream", metavar="URL", help="REST API behind the bridge")
    parser.add_argument(
        "--client-id",
        metavar="ID",
        default="",
        help="of a client registered by hand (default: [auth] client_id, or none)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("octoperf-bundle"),
        metavar="FOLDER",
        help="where to make a folder for each client (default: octoperf-bundle)",
    )


def run(args: argparse.Namespace) -> int:
    """Write the folders; overwrites nothing."""
    settings, registry = read(args)
    url = args.url.rstrip("/") or endpoint(settings)
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        print(f"octoperf-mcp bundle: {url} is no http address.", file=sys.stderr)
        return WRONG_USE
    origin = f"{parts.scheme}://{parts.netloc}"
    files_origin = settings.upstream.url.rstrip("/") or origin
    client_id = args.client_id or settings.auth.client_id
    assets = published(registry, origin, files_origin, client_id).public_assets
    names = list(BUNDLES) if args.client == "all" else [args.client]
    if args.client == "all" and not is_public(url):
        names.remove("registry")
        print(f"The MCP registry lists public https servers; {url} is none: left out.")
    taken = [folder for name in names if _taken(folder := args.output / name)]
    if taken:
        listed = ", ".join(map(str, taken))
        print(f"octoperf-mcp bundle: there is something in {listed} already.", file=sys.stderr)
        return FAILED
    try:
        bundles = {name: BUNDLES[name](url, assets, client_id) for name in names}
    except NotPublicError as error:
        print(f"octoperf-mcp bundle: {error.message}", file=sys.stderr)
        return FAILED
    for name, files in bundles.items():
        folder = args.output / name
        for path, content in files.items():
            _put(folder / path, content)
        print(f"{folder}: {len(files)} {'file' if len(files) == 1 else 'files'}")
        shown = folder if folder.is_absolute() else f"./{folder}"
        for step in _steps(name, files, url):
            print(f"  {step.format(folder=shown)}")
    return 0


def _steps(name: str, files: Files, url: str) -> tuple[str, ...]:
    if name not in _BY_HAND:
        return setups(url)[name].package
    link = f", or open the link of {LINK_FILE}" if LINK_FILE in files else ""
    return (_BY_HAND[name] + link,)


def endpoint(settings: Settings) -> str:
    """Of the configured server, as its clients see it."""
    local = f"http://127.0.0.1:{settings.server.port}"
    return f"{settings.server.public_url.rstrip('/') or local}/mcp"


def _taken(folder: Path) -> bool:
    return folder.exists() and any(folder.iterdir())


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
