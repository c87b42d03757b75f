"""What the rooms of the embedded platform share: its services, and who calls."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.limits import Limits
from octoperf_mcp.entities.extensions import Extensions
from octoperf_mcp.entities.switches import Switchboard

if TYPE_CHECKING:
    from octoperf_mcp.embedded.audit.trail import Trail
    from octoperf_mcp.embedded.engine.runs.notices import Notices
    from octoperf_mcp.embedded.engine.runs.runs import Runs
    from octoperf_mcp.embedded.generators.hub import Hub
    from octoperf_mcp.embedded.idp.provider import IdentityProvider
    from octoperf_mcp.embedded.metrics.store import MetricStore
    from octoperf_mcp.embedded.schedules.schedules import Schedules
    from octoperf_mcp.embedded.store.blobs import Blobs
    from octoperf_mcp.embedded.store.collection import Collection
    from octoperf_mcp.embedded.store.database import Database
    from octoperf_mcp.embedded.store.documents import Documents
    from octoperf_mcp.embedded.store.switches import SwitchTable
    from octoperf_mcp.embedded.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in user of the platform: by access token, by session token or by browser cookie.

    `client` is the application that holds the grant; `administers` is known of browsers only:
    nothing but pages needs it; `limits` are those of a CI token.
    """

    user_id: str
    username: str
    scopes: frozenset[str] = field(default_factory=frozenset)
    grant_id: str = ""
    client: str = ""
    administers: bool = False
    limits: Limits | None = None


@dataclass(slots=True)
class Platform:
    """The services, made once at start by `embedded/app.py` and reached through `PLATFORM`.

    `origin` is the public origin without a trailing slash; it is also the issuer.
    """

    settings: EmbeddedSettings
    data_dir: Path
    origin: str
    database: "Database"
    documents: "Documents"
    blobs: "Blobs"
    tasks: "Tasks"
    identity: "IdentityProvider"
    metrics: "MetricStore"
    runs: "Runs"
    audit: "Trail"
    collection: "Collection"
    generators: "Hub"
    switches: "SwitchTable"
    extensions: Extensions
    """What plugins add; another one after each switch."""
    notices: "Notices" = field(init=False)
    schedules: "Schedules" = field(init=False)
    switchboard: Switchboard | None = None
    """What shows and turns tools; None where no MCP server runs in this process."""


PLATFORM = web.AppKey("platform", Platform)
PRINCIPAL = web.RequestKey("principal", Principal)
