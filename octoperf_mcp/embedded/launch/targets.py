"""Hosts that a run sends load to, and whether somebody said that they may be.

A host is confirmed by being this machine, by the operator's configuration, by an administrator of
the workspace, or by a file on the host itself that names the workspace.
"""

import asyncio
import contextlib
import fnmatch
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.engine.runs.materials import nodes_of
from octoperf_mcp.embedded.engine.wire.forbidden_addresses import is_forbidden, is_forbidden_host
from octoperf_mcp.embedded.failures import Forbidden, Invalid
from octoperf_mcp.embedded.launch.tables import load_target
from octoperf_mcp.embedded.outbound.pinned import pinned_session
from octoperf_mcp.embedded.store import rows
from octoperf_mcp.embedded.store.access import Role
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.schema import now_ms
from octoperf_mcp.entities.engines import BROWSERS

WELL_KNOWN = "/.well-known/octoperf-load-test.txt"
"""A file of the target: one id of a workspace a line."""
_ADDRESS = re.compile(r"https?://[\w.\-\[\]:]+", re.ASCII)
_ASK_S = 5.0
_MOST_BYTES = 16 * 1024
_LONGEST_HOST = 253


@dataclass(frozen=True, slots=True)
class Target:
    """A host of a run; `confirmed_by` is loopback, configuration, workspace, file, or nothing."""

    scheme: str
    host: str
    port: int
    confirmed_by: str = ""
    addresses: tuple[str, ...] = ()
    """Those that the host had when its file was read, where that confirmed it."""

    def document(self) -> dict[str, Any]:
        """As a preview shows it."""
        return {
            "host": self.host,
            "port": self.port,
            "confirmed": bool(self.confirmed_by),
            "confirmedBy": self.confirmed_by or None,
        }


def servers_of(trees: Iterable[Any]) -> set[str]:
    """Ids of the servers that action trees name, at any depth."""
    found: set[str] = set()
    waiting = list(trees)
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if isinstance(node.get("serverId"), str):
                found.add(node["serverId"])
            waiting += [inner for inner in node.values() if isinstance(inner, list | dict)]
    return found


def targets_of(
    trees: Iterable[Any],
    servers: Iterable[Mapping[str, Any]],
    profiles: Iterable[Mapping[str, Any]],
    addresses: Iterable[str] = (),
) -> list[Target]:
    """The hosts that virtual users name; where a profile says another address, that counts.

    Args:
        trees: The virtual users.
        servers: HTTP servers of the project.
        profiles: Of the scenario.
        addresses: What actions of plugins say of where they go.
    """
    used = servers_of(trees)
    elsewhere: dict[str, str] = {}
    for profile in profiles:
        dns = (profile.get("engine") or {}).get("dns") or {}
        elsewhere |= {str(k).lower(): str(v) for k, v in (dns.get("staticHosts") or {}).items()}
    found = set()
    for server in servers:
        if server.get("id") not in used:
            continue
        host = str(server.get("hostname") or "").strip().strip("[]").rstrip(".").lower()
        scheme = str(server.get("protocol") or "http").lower()
        port = int(server.get("port") or (443 if scheme == "https" else 80))
        found.add(Target(scheme, elsewhere.get(host, host), port))
    found |= set(_visited(trees, profiles))
    for address in addresses:
        target = _at(address)
        if target is not None:
            found.add(replace(target, host=elsewhere.get(target.host, target.host)))
    return sorted(found, key=lambda target: (target.host, target.port))


def _visited(
    trees: Iterable[Mapping[str, Any]], profiles: Iterable[Mapping[str, Any]]
) -> Iterator[Target]:
    """Hosts whose addresses stand in browser scripts, and the base addresses of their profiles."""
    texts = [str((profile.get("engine") or {}).get("baseURL") or "") for profile in profiles]
    for tree in trees:
        if tree.get("type") in BROWSERS:
            texts += [
                str(node.get(name) or "")
                for node in nodes_of(tree)
                if node.get("enabled")
                for name in ("content", "url", "target")
            ]
    for address in _ADDRESS.findall("\n".join(texts)):
        with contextlib.suppress(ValueError):
            parts = urlsplit(address)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            yield Target(parts.scheme, (parts.hostname or "").rstrip("."), port)


def _at(address: str) -> Target | None:
    """A host, `host:port` or address; None where variables leave the host open."""
    scheme, _, rest = address.rpartition("://")
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = rest.partition("/")[0].rpartition(":")[0] or rest, None
    if not host or "${" in host:
        return None
    secure = scheme in {"https", "wss"}
    return Target("https" if secure else "http", host.rstrip("."), port or (443 if secure else 80))


def is_local(host: str) -> bool:
    """Whether a host is this machine, by its name alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Targets:
    """Who confirmed which host."""

    def __init__(self, database: Database, settings: EmbeddedSettings) -> None:
        self._database = database
        self._patterns = [pattern.lower() for pattern in settings.load_targets]

    async def judged(self, found: Iterable[Target], workspace_id: str) -> list[Target]:
        """The same targets, with who confirmed them; unconfirmed ones are asked themselves."""
        known = {host for host, _ in await self.of_workspace(workspace_id)}

        async def judge(target: Target) -> Target:
            if by := self._confirmed_by(target.host, known):
                return replace(target, confirmed_by=by)
            addresses = await _says_so_itself(target, workspace_id)
            by = "file" if addresses else ""
            return replace(target, confirmed_by=by, addresses=addresses)

        return list(await asyncio.gather(*map(judge, found)))

    async def confirmed(self, workspace_id: str) -> list[str]:
        """Hosts that a workspace may load, and patterns of hosts that all may."""
        return [*self._patterns, *(host for host, _ in await self.of_workspace(workspace_id))]

    async def of_workspace(self, workspace_id: str) -> list[tuple[str, int]]:
        """Hosts that a workspace confirmed, and when (epoch ms)."""
        query = (
            sa.select(load_target.c.host, load_target.c.created)
            .where(load_target.c.workspace_id == workspace_id)
            .order_by(load_target.c.host)
        )
        async with self._database.reading() as reader:
            return [(row.host, row.created) for row in await reader.execute(query)]

    async def confirm(self, workspace_id: str, host: str, *, user_id: str) -> None:
        """Confirm a host for a workspace.

        Raises:
            NotFound: the workspace does not exist for the user.
            Forbidden: he does not administer it.
            Invalid: that is no host, or one that no load may go to.
        """
        name = host.strip().strip("[]").rstrip(".").lower()
        if not name or len(name) > _LONGEST_HOST or not _is_host(name):
            raise Invalid(f"{host!r} is no host name or address.")
        if is_forbidden_host(name):
            raise Invalid(f"No load goes to {host!r}: link-local, or a metadata service.")

        async def work(writer: AsyncConnection) -> None:
            await _require_administrator(writer, workspace_id, user_id)
            row = {
                "workspace_id": workspace_id,
                "host": name,
                "user_id": user_id,
                "created": now_ms(),
            }
            await writer.execute(
                self._database.insert(load_target).values(row).on_conflict_do_nothing()
            )

        await self._database.write(work)

    async def withdraw(self, workspace_id: str, host: str, *, user_id: str) -> None:
        """Take a confirmation back.

        Raises:
            NotFound: the workspace does not exist for the user.
            Forbidden: he does not administer it.
        """
        table = load_target.c

        async def work(writer: AsyncConnection) -> None:
            await _require_administrator(writer, workspace_id, user_id)
            mine = sa.and_(table.workspace_id == workspace_id, table.host == host)
            await writer.execute(load_target.delete().where(mine))

        await self._database.write(work)

    def _confirmed_by(self, host: str, known: set[str]) -> str:
        if is_local(host):
            return "loopback"
        if any(fnmatch.fnmatchcase(host, pattern) for pattern in self._patterns):
            return "configuration"
        return "workspace" if host in known else ""


def _is_host(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        parts = name.split(".")
        return all(
            part and part.replace("-", "").replace("_", "").isalnum() and len(part) <= 63  # noqa: PLR2004 - RFC 1035
            for part in parts
        )
    return True


async def _require_administrator(
    connection: AsyncConnection, workspace_id: str, user_id: str
) -> None:
    _, role = await rows.seen(connection, "workspace", workspace_id, user_id)
    if role != Role.ADMIN:
        raise Forbidden("Only an administrator of the workspace confirms targets of load.")


async def _says_so_itself(target: Target, workspace_id: str) -> tuple[str, ...]:
    """The addresses of a target whose file names the workspace; whatever goes wrong means none."""
    if not _is_host(target.host):
        return ()
    try:
        async with asyncio.timeout(_ASK_S):
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            addresses = tuple(dict.fromkeys(str(one[4][0]) for one in found))
            if any(map(is_forbidden, addresses)):
                return ()
            text = await _file_of(target, addresses)
    except (OSError, TimeoutError, aiohttp.ClientError, UnicodeError):
        return ()
    return addresses if workspace_id in text.split() else ()


async def _file_of(target: Target, addresses: tuple[str, ...]) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    url = f"{target.scheme}://{host}:{target.port}{WELL_KNOWN}"
    async with (
        pinned_session(addresses) as session,
        session.get(url, allow_redirects=False) as answer,
    ):
        if answer.status != 200:  # noqa: PLR2004
            return ""
        return (await answer.content.read(_MOST_BYTES)).decode("utf-8", "replace")
