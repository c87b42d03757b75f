"""HTTP servers of a project."""

from typing import Annotated, Literal

from pydantic import Field

from octoperf_mcp.entities.base import Count, Entity, Flag, InProject, Stamp, Text, type_name
from octoperf_mcp.entities.variables import SecretValue


class ServerAuthorization(Entity):
    """Credentials for the paths below a base path."""

    kind: Literal["BasicAuthorization", "NtlmAuthorization"] = type_name()
    base_path: Text = None
    username: str
    password: SecretValue
    domain: Text = None
    realm: Text = None


class HttpServer(InProject):
    """Scheme, host and port that requests point at; the host may hold a variable.

    Timeouts are in milliseconds, 0 for none; the response timeout counts each wait for data.
    """

    name: Annotated[Text, Field(max_length=255)] = None
    protocol: Literal["HTTP", "HTTPS"] | None = None
    hostname: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    base_url: Text = None
    connect_timeout_ms: Count | None = None
    response_timeout_ms: Count | None = None
    ip_spoofing: Flag = None
    keep_alive: Flag = None
    resources_pool: Annotated[int, Field(ge=1)] | None = None
    authorizations: list[ServerAuthorization] | None = None
    created: Stamp = None
    last_modified: Stamp = None
