"""The official MCP client, used as an agent would use it; for `call`, `demo` and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import orjson
from mcp import Client
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.client.session import ElicitationFnT
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from mcp.shared.dispatcher import ProgressFnT
from mcp_types import CallToolResult, TextContent
from pydantic import AnyUrl

from octoperf_mcp.errors import OctoPerfMcpError


class CallFailedError(OctoPerfMcpError):
    """The tool answered with an error; `answer` is its error object."""

    code = "call_failed"

    def __init__(self, tool: str, answer: dict[str, Any]) -> None:
        text = str(answer.get("message") or "the call failed")
        if answer.get("hint"):
            text = f"{text} {answer['hint']}"
        super().__init__(f"{tool}: {text}")
        self.answer = answer


class SignIn(Protocol):
    """A person (or a stand-in) who opens the authorization page and comes back with a code."""

    @property
    def redirect_uri(self) -> str:
        """Where the identity provider sends the code."""
        ...

    async def open(self, address: str) -> None:
        """Open the authorization page."""
        ...

    async def code(self) -> AuthorizationCodeResult:
        """Wait for the redirect."""
        ...


class MemoryStorage(TokenStorage):
    """Tokens of one process."""

    def __init__(self) -> None:
        self._tokens: OAuthToken | None = None
        self._client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens, if the client has signed in."""
        return self._tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep the tokens."""
        self._tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """The registration, if there is one."""
        return self._client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep the registration."""
        self._client = client_info


class Agent:
    """A connected client that speaks in tool names and plain JSON."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        *,
        progress: ProgressFnT | None = None,
    ) -> dict[str, Any]:
        """Call one tool; answers its structured content.

        Raises:
            CallFailedError: the tool answered with an error.
        """
        result = await self.client.call_tool(name, arguments or {}, progress_callback=progress)
        answer = _structured(result)
        if result.is_error:
            raise CallFailedError(name, answer)
        return answer

    async def tool_names(self) -> list[str]:
        """Names of all tools, as they are now."""
        listed = await self.client.list_tools(cache_mode="refresh")
        return [tool.name for tool in listed.tools]


def registered(client_id: str, redirect_uri: str) -> OAuthClientInformationFull:
    """A public client that somebody registered by hand."""
    return OAuthClientInformationFull(
        client_id=client_id,
        redirect_uris=[AnyUrl(redirect_uri)],
        grant_types=["authorization_code", "refresh_token"],
        token_endpoint_auth_method="none",  # noqa: S106 - the name of a method
    )


@asynccontextmanager
async def connected(
    url: str,
    sign_in: SignIn,
    *,
    storage: TokenStorage | None = None,
    client_name: str = "octoperf-mcp",
    mode: str = "auto",
    elicited: ElicitationFnT | None = None,
) -> AsyncIterator[Agent]:
    """Connect to an MCP server, signing in through OAuth when it asks for that.

    Args:
        url: Endpoint, `http://127.0.0.1:8091/mcp`.
        sign_in: Who opens the authorization page.
        storage: Where tokens are kept; default: in memory.
        client_name: Name shown on the consent page.
        mode: Protocol era, as the client names it: `auto`, `legacy` or a revision.
        elicited: Answers questions of the server; None: the client takes none.
    """
    metadata = OAuthClientMetadata(
        client_name=client_name,
        redirect_uris=[AnyUrl(sign_in.redirect_uri)],
        grant_types=["authorization_code", "refresh_token"],
        token_endpoint_auth_method="none",  # noqa: S106 - the name of a method
    )
    provider = OAuthClientProvider(
        url, metadata, storage or MemoryStorage(), sign_in.open, sign_in.code
    )
    async with create_mcp_http_client(auth=provider) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode, elicitation_callback=elicited) as client:
            yield Agent(client)


@asynccontextmanager
async def connected_with_token(url: str, token: str, *, mode: str = "auto") -> AsyncIterator[Agent]:
    """Connect to an MCP server with a token that was made before, such as one for CI."""
    headers = {"Authorization": f"Bearer {token}"}
    async with create_mcp_http_client(headers=headers) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode) as client:
            yield Agent(client)


def innermost(error: BaseException) -> BaseException:
    """The first single error inside nested groups, which the client's task groups make."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _structured(result: CallToolResult) -> dict[str, Any]:
    if isinstance(result.structured_content, dict):
        return result.structured_content
    texts = [part.text for part in result.content if isinstance(part, TextContent)]
    try:
        answer = orjson.loads("".join(texts))
    except orjson.JSONDecodeError:
        return {"message": "\n".join(texts)}
    return answer if isinstance(answer, dict) else {"message": "\n".join(texts)}
