"""How each client is given a client id, where the identity provider registers none.

Sources: the clients' own `mcp add --help` (Claude Code 2.1, Codex 0.169), code.visualstudio.com
(MCP configuration reference), geminicli.com (MCP servers), docs.cursor.com (static OAuth), the
README of mcp-remote; redirect addresses as the clients were seen to send them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from octoperf_mcp.registry.client_setups import ClientSetup

CALLBACK_PORT: Final = 8765
"""Where clients that let it be chosen listen, so that one redirect address can be registered."""

Change = Callable[["ClientSetup", str], "ClientSetup"]


def with_client_id(setup: "ClientSetup", client_id: str) -> "ClientSetup":
    """The setup of a client that does not register itself, with the addresses to register."""
    return replace(_CHANGES[setup.name](setup, client_id), client_id=client_id)


def _member(setup: "ClientSetup", more: Mapping[str, Any]) -> dict[str, Any]:
    """The content of the client's file, with more in the entry of the server."""
    return {
        key: {name: {**server, **more} for name, server in servers.items()}
        for key, servers in (setup.content or {}).items()
    }


def _claude_code(setup: "ClientSetup", client_id: str) -> "ClientSetup":
    flags = f"--transport http --client-id {quote(client_id)} --callback-port {CALLBACK_PORT}"
    return replace(
        setup,
        commands=tuple(each.replace("--transport http", flags) for each in setup.commands),
        content=_member(setup, {"oauth": {"clientId": client_id, "callbackPort": CALLBACK_PORT}}),
        redirects=(f"http://localhost:{CALLBACK_PORT}/callback",),
    )


def _codex(setup: "ClientSetup", client_id: str) -> "ClientSetup":
    commands = tuple(f"{each} --oauth-client-id {quote(client_id)}" for each in setup.commands)
    any_port = (
        "http://127.0.0.1/callback with any port, or mcp_oauth_callback_port of its config.toml"
    )
    return replace(setup, commands=commands, redirects=(any_port,))


def _gemini(setup: "ClientSetup", client_id: str) -> "ClientSetup":
    redirect = f"http://localhost:{CALLBACK_PORT}/oauth/callback"
    oauth = {"enabled": True, "clientId": client_id, "redirectUri": redirect}
    content = _member(setup, {"oauth": oauth})
    return replace(setup, commands=(), content=content, redirects=(redirect,))


def _copilot(setup: "ClientSetup", client_id: str) -> "ClientSetup":
    return replace(
        setup,
        link="",
        content=_member(setup, {"oauth": {"clientId": client_id}}),
        redirects=("http://127.0.0.1:33418/", "https://vscode.dev/redirect"),
    )


def _cursor(setup: "ClientSetup", client_id: str) -> "ClientSetup":
    return replace(
        setup,
        link="",
        content=_member(setup, {"auth": {"CLIENT_ID": client_id}}),
        redirects=("cursor://anysphere.cursor-mcp/oauth/callback",),
    )


def _claude_desktop(setup: "ClientSetup", client_id: str) -> "ClientSetup":
    given = orjson.dumps(orjson.dumps({"client_id": client_id}).decode()).decode()
    proxy = f', "{CALLBACK_PORT}", "--static-oauth-client-info", {given}]}}'
    public, local = setup.steps
    return replace(
        setup,
        steps=(
            f"{public}; give the OAuth Client ID {client_id} under Advanced settings",
            local.replace("]}", proxy),
        ),
        redirects=(
            "https://claude.ai/api/mcp/auth_callback",
            "https://claude.com/api/mcp/auth_callback",
            f"http://localhost:{CALLBACK_PORT}/oauth/callback",
        ),
    )


def _stepwise(step: str, *redirects: str) -> Change:
    def change(setup: "ClientSetup", client_id: str) -> "ClientSetup":
        told = tuple(each for each in setup.steps if "no client id" not in each)
        return replace(setup, steps=(*told, step.format(client_id=client_id)), redirects=redirects)

    return change


_CHANGES: Final[Mapping[str, Change]] = {
    "claude-code": _claude_code,
    "claude-ai": _stepwise(
        "Give the OAuth Client ID {client_id} under Advanced settings; no secret.",
        "https://claude.ai/api/mcp/auth_callback",
        "https://claude.com/api/mcp/auth_callback",
    ),
    "claude-desktop": _claude_desktop,
    "codex": _codex,
    "chatgpt": _stepwise(
        "Give the OAuth client id {client_id} among the advanced settings; ChatGPT shows its "
        "redirect address there.",
        "https://chatgpt.com/connector/oauth/… as ChatGPT shows it",
    ),
    "gemini": _gemini,
    "copilot": _copilot,
    "cursor": _cursor,
    "inspector": _stepwise(
        "Open Authentication and give the Client ID {client_id}.",
        "http://localhost:6274/oauth/callback",
    ),
    "any": _stepwise("Give it the client id {client_id}, a public one without a secret."),
}
