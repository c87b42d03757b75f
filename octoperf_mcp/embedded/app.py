"""Puts the rooms of the platform together, and onto an application that others share."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.audit.rest_calls import READS, Reads
from octoperf_mcp.embedded.audit.trail import Trail
from octoperf_mcp.embedded.correlation import task as correlation_task
from octoperf_mcp.embedded.engine.runs.ended_runs import EndedRuns
from octoperf_mcp.embedded.engine.runs.instances import instance_of
from octoperf_mcp.embedded.engine.runs.notices import Notices
from octoperf_mcp.embedded.engine.runs.outbox import Outbox
from octoperf_mcp.embedded.engine.runs.runs import Runs
from octoperf_mcp.embedded.first_start import FirstStart, first_start
from octoperf_mcp.embedded.generators import joining, providers
from octoperf_mcp.embedded.generators.hub import Hub
from octoperf_mcp.embedded.idp.provider import IdentityProvider
from octoperf_mcp.embedded.launch.targets import is_local
from octoperf_mcp.embedded.metrics.store import MetricStore
from octoperf_mcp.embedded.platform import PLATFORM, Platform
from octoperf_mcp.embedded.printing import task as print_task
from octoperf_mcp.embedded.rest.middleware import rest_middleware
from octoperf_mcp.embedded.rest.routes import rest_routes
from octoperf_mcp.embedded.schedules.schedules import schedules_of
from octoperf_mcp.embedded.store.blobs import Blobs
from octoperf_mcp.embedded.store.collection import Collection
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.store.revisions import Retention
from octoperf_mcp.embedded.store.secrets import Secrets
from octoperf_mcp.embedded.store.switches import SwitchTable
from octoperf_mcp.embedded.tasks import Tasks
from octoperf_mcp.embedded.ui import pages
from octoperf_mcp.entities.extensions import Extensions

__all__ = ["FirstStart", "add_platform", "close_platform", "database_url", "open_platform"]

DATABASE_FILE = "octoperf.db"
NO_EXTENSIONS = Extensions()


def database_url(settings: EmbeddedSettings, data_dir: Path) -> str:
    """The configured database, else SQLite in the data directory."""
    return settings.database_url or f"sqlite:///{data_dir / DATABASE_FILE}"


async def open_platform(
    settings: EmbeddedSettings,
    *,
    data_dir: Path,
    origin: str,
    port: int | None = None,
    extensions: Extensions = NO_EXTENSIONS,
) -> tuple[Platform, FirstStart | None]:
    """Open the database and start the services; runs and tasks left unfinished go on.

    Args:
        settings: `[embedded]`.
        data_dir: Where database, keys and run files are; made when it is missing.
        origin: Public origin without trailing slash; the issuer of tokens.
        port: Port of the listener; its loopback spellings are own too.
        extensions: What plugins add.

    Returns:
        The platform, and on an empty database who may sign in with which password.

    Raises:
        ConfigError: the database address, the origin, the preset password or the key of secret
            values is impossible.
    """
    if settings.most_browsers < 0 and not is_local(urlsplit(origin).hostname or ""):
        settings = replace(settings, most_browsers=0)
    secrets = Secrets.open(data_dir, settings.secrets_key.reveal())
    async with AsyncExitStack() as undo:
        database = await Database.open(database_url(settings, data_dir))
        undo.push_async_callback(database.close)
        await secrets.require_key_of(database)
        trail = Trail(database, keep_days=settings.audit_days)
        undo.push_async_callback(trail.close)
        identity = await IdentityProvider.open(
            database, origin=origin, port=port, settings=settings, trail=trail
        )
        undo.push_async_callback(identity.close)
        retention = Retention(most=settings.revisions, days=settings.revision_days)
        documents, blobs = Documents(database, secrets, retention), Blobs(database)
        metrics = MetricStore(database)
        generators = Hub(database, trail, data_dir=data_dir, instance=instance_of(data_dir))
        platform = Platform(
            settings=settings,
            data_dir=data_dir,
            origin=origin,
            database=database,
            documents=documents,
            blobs=blobs,
            tasks=Tasks(database),
            identity=identity,
            metrics=metrics,
            runs=Runs(
                settings=settings,
                data_dir=data_dir,
                database=database,
                documents=documents,
                blobs=blobs,
                metrics=metrics,
                fleet=generators,
                actions=lambda: platform.extensions.actions,
            ),
            audit=trail,
            collection=Collection(database, retention),
            generators=generators,
            switches=SwitchTable(database),
            extensions=extensions,
        )
        platform.notices = Notices(
            Outbox(database, instance_of(data_dir)),
            lambda: platform.extensions.listeners,
            documents,
            EndedRuns(database, metrics, ProjectFiles(database, blobs), origin=origin),
            allowed=settings.notify_to,
        )
        platform.schedules = schedules_of(platform)
        first = await first_start(database, documents, identity, settings)
        await _start(platform)
        undo.pop_all()
    return platform, first


async def _start(platform: Platform) -> None:
    """Register what the rooms do for each other, then take up what was left unfinished."""
    platform.documents.on_delete.append(platform.metrics.on_delete)
    platform.documents.on_delete.append(providers.on_delete)
    correlation_task.register(platform)
    print_task.register(platform)
    platform.documents.on_delete.append(platform.notices.outbox.on_delete)
    platform.runs.on_end(platform.notices.owe)
    await platform.notices.open()
    await platform.runs.open()
    await platform.tasks.resume()
    platform.collection.start()
    await platform.schedules.open()
    platform.generators.on_delivered = platform.runs.late_results.take_in


def add_platform(app: web.Application, platform: Platform) -> None:
    """Serve the platform: its REST API, its identity provider and its pages.

    The middleware touches only the REST API's own paths.
    """
    app[PLATFORM] = platform
    app[READS] = Reads()
    app.middlewares.append(rest_middleware)
    app.add_routes(rest_routes())
    app.add_routes(platform.identity.routes())
    pages.add_pages(app)
    app.add_routes(joining.routes())
    app.on_shutdown.append(_let_machines_go)


async def _let_machines_go(app: web.Application) -> None:
    """End runs while the machines that play them are connected, then their connections."""
    await app[PLATFORM].runs.end_all()
    await app[PLATFORM].generators.close()


async def close_platform(platform: Platform) -> None:
    """End runs and tasks so that the next start finds them, then close the database."""
    await platform.schedules.close()
    await platform.runs.close()
    await platform.notices.close()
    await platform.generators.close()
    await platform.tasks.close()
    await platform.collection.close()
    await platform.identity.close()
    await platform.audit.close()
    await platform.database.close()
