"""A server with the embedded platform in a thread, for tests without an event loop of their own."""

import contextlib
import os
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp_types import ElicitResult, TextResourceContents

from octoperf_mcp.cli.agent import (
    Agent,
    CallFailedError,
    MemoryStorage,
    connected,
    innermost,
)
from octoperf_mcp.cli.local import opened
from octoperf_mcp.cli.serving import serving
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.config import SECTIONS, Secret, Settings, load_settings
from octoperf_mcp.config.values import suggestion
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.kit.asking import public_file, sent_file
from octoperf_mcp.kit.logged import logged
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import Registry

if TYPE_CHECKING:
    from mcp.client.session import ElicitationFnT

    from octoperf_mcp.kit.playing import Played

PASSWORD = "only for tests of plugins"  # noqa: S105 - of a platform that lives for a test
DEMO = "demo"
OTHER = "other"

__all__ = ["Answer", "CallFailedError", "Client", "Platform", "running"]


Answer = Callable[[str], str | Mapping[str, Any]]
"""From a question to what a person says: `accept`, `decline`, `cancel`, or what a form holds."""


@dataclass(frozen=True, slots=True)
class Client:
    """An MCP client, signed in; `era` is the protocol's: `legacy` or `modern`.

    `storage` has the tokens, which are good for the platform's REST API as well.
    """

    portal: BlockingPortal
    agent: Agent
    era: str
    storage: MemoryStorage = field(default_factory=MemoryStorage)

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; answers its structured content.

        Raises:
            CallFailedError: the tool answered with an error; `answer` is its error object.
        """
        return self.portal.call(self.agent.call, tool, arguments)

    def tools(self) -> list[str]:
        """Names of all tools."""
        return self.portal.call(self.agent.tool_names)

    def prompts(self) -> list[str]:
        """Names of all prompts."""
        listed = self.portal.call(partial(self.agent.client.list_prompts, cache_mode="refresh"))
        return [prompt.name for prompt in listed.prompts]

    def prompt(self, name: str, **arguments: str) -> str:
        """The text of a prompt."""
        found = self.portal.call(self.agent.client.get_prompt, name, arguments)
        texts = [getattr(message.content, "text", "") for message in found.messages]
        return "\n".join(texts)

    def resources(self) -> list[str]:
        """Addresses of all resources, and the templates of such."""
        client = self.agent.client
        fixed = self.portal.call(partial(client.list_resources, cache_mode="refresh"))
        made = self.portal.call(partial(client.list_resource_templates, cache_mode="refresh"))
        return [
            *(str(one.uri) for one in fixed.resources),
            *(one.uri_template for one in made.resource_templates),
        ]

    def read(self, uri: str) -> str | bytes:
        """The contents of a resource."""
        (found,) = self.portal.call(self.agent.client.read_resource, uri).contents
        if isinstance(found, TextResourceContents):
            return found.text
        return b64decode(found.blob)

    async def authorization(self) -> dict[str, str]:
        """The header field with which this user asks the platform's REST API."""
        tokens = await self.storage.get_tokens()
        return {"Authorization": f"Bearer {tokens.access_token if tokens else ''}"}


@dataclass(frozen=True, slots=True)
class Platform:
    """A running server with a workspace, a project and a second user."""

    portal: BlockingPortal
    url: str
    registry: Registry
    data_dir: Path
    workspace_id: str = ""
    project_id: str = ""

    @property
    def origin(self) -> str:
        """Of the server, without a slash at its end."""
        return self.url.removesuffix("/mcp")

    @contextlib.contextmanager
    def client(
        self, era: str = "modern", user: str = DEMO, answer: Answer | None = None
    ) -> Iterator[Client]:
        """A client of a user; `answer` is the person whom tools can ask, without it nobody is."""
        storage = MemoryStorage()
        mode = "legacy" if era == "legacy" else "auto"
        joined = _joined(self.url, user, storage, mode, answer)
        try:
            with self.portal.wrap_async_context_manager(joined) as agent:
                yield Client(self.portal, agent, era, storage)
        except BaseExceptionGroup as error:  # of the client's tasks; a test raised one exception
            raise innermost(error) from error

    def public(self, path: str) -> str:
        """A public file, as anybody may read it at `/mcp/public/<path>`.

        Raises:
            LookupError: there is none.
        """
        return self.portal.call(public_file, self.origin, path)

    def imported(self, kind: str, content: bytes, filename: str = "file") -> dict[str, Any]:
        """What the platform made of a file of a kind: `{virtualUsers, importReport}`.

        Raises:
            CallFailedError: it refused the file; `answer` says why.
        """
        with self.client() as client:
            return self.portal.call(
                sent_file,
                client,
                f"{self.origin}/imports/{kind}/{self.project_id}",
                content,
                filename,
            )

    def play(self, *actions: Mapping[str, Any], users: int = 1, seconds: int = 1) -> "Played":
        """Validate a virtual user of these actions, and play it as a short load run.

        Raises:
            CallFailedError: the platform refuses an action, or cannot play it; `answer` says why.
            RuntimeError: the run did not finish.
        """
        from octoperf_mcp.kit.playing import play  # noqa: PLC0415 - which imports this module

        with self.client() as client:
            return play(client, self, actions, users=users, seconds=seconds)


@contextlib.asynccontextmanager
async def _joined(
    url: str, user: str, storage: MemoryStorage, mode: str, answer: Answer | None
) -> AsyncIterator[Agent]:
    person = FormSignIn(user, PASSWORD)
    elicited = None if answer is None else _elicited(answer)
    async with connected(url, person, storage=storage, mode=mode, elicited=elicited) as agent:
        yield agent


def _elicited(answer: Answer) -> "ElicitationFnT":
    async def elicited(context: Any, params: Any) -> ElicitResult:  # noqa: ARG001 - by name
        told = answer(params.message)
        if isinstance(told, Mapping):
            return ElicitResult(action="accept", content=dict(told))
        return ElicitResult(action=cast("Any", told), content={} if told == "accept" else None)

    return elicited


@contextlib.contextmanager
def running(
    data_dir: Path, plugins: list[str], sections: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[Platform]:
    """A server with these plugins, seeded.

    Args:
        data_dir: An empty folder.
        plugins: Third-party plugins to enable, by name.
        sections: Settings by section and key, of the plugins and of the server. Notices of ended
            runs may go to this machine unless `embedded.notify_to` is among them.

    Raises:
        ConfigError: there is no such section or key.
    """
    registry = load_registry(enable=plugins)
    kinds = {one.name: one.settings for one in registry.config_sections}
    flags: dict[str, dict[str, Any]] = {
        "server": {"port": 0},
        "embedded": {
            "demo_password": Secret(PASSWORD),
            "data_dir": str(data_dir),
            "notify_to": ("127.0.0.1", "localhost"),
        },
        "limits": {"requests_per_s": 0.0},  # tests ask until it is so
        "plugins": {"enable": tuple(plugins)},
    }
    for name, values in (sections or {}).items():
        _require_known(name, values, {**SECTIONS, **kinds})
        flags[name] = {**flags.get(name, {}), **values}
    # the file of whoever runs the tests is not theirs
    settings = load_settings(flags=flags, environ={}, file=Path(os.devnull), sections=kinds)
    with (
        logged(),
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serving(settings, registry, data_dir)) as server,
    ):
        portal.call(_add_other, settings)
        bare = Platform(portal, server.url, registry, data_dir)
        with bare.client() as client:
            (workspace,) = client.call("list_workspaces")["workspaces"]
            project = client.call("create_project", workspaceId=workspace["id"], name="Shop")
        yield replace(bare, workspace_id=workspace["id"], project_id=project["id"])


def _require_known(name: str, values: Mapping[str, Any], known: Mapping[str, type[Any]]) -> None:
    if name not in known:
        near = suggestion(name, known) or "."
        raise ConfigError(f"octoperf_settings: there is no section [{name}]{near}")
    keys = [item.name for item in fields(known[name])]
    for key in values:
        if key not in keys:
            near = suggestion(key, keys) or "."
            raise ConfigError(f"octoperf_settings: [{name}] has no key {key!r}{near}")


async def _add_other(settings: Settings) -> None:
    from octoperf_mcp.embedded.people import add_person  # noqa: PLC0415 - an extra

    async with opened(settings) as local:
        await add_person(local.identity, local.documents, OTHER, PASSWORD)
