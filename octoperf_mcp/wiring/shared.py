"""What replicas share: secrets, a store, and the memory of calls that were made."""

from collections.abc import AsyncIterator

from aiohttp import web

from octoperf_mcp.config import ServerSettings, Settings
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.protocol.kept_values import SharedValues
from octoperf_mcp.protocol.once import Once
from octoperf_mcp.protocol.relay import MemoryRelay, Relay
from octoperf_mcp.upstream.kept_values import PlatformValues
from octoperf_mcp.wiring.upstream import Upstream


def secret_keys(settings: ServerSettings) -> list[bytes]:
    """The configured secrets; none are made up for the life of the process."""
    return [secret.encode() for secret in settings.secrets.reveal().split()]


def make_once(settings: Settings, relay: Relay, upstream: Upstream) -> Once | None:
    """Where repeated calls are known: on the embedded platform, else in the shared store if any."""
    if not settings.upstream.url and settings.auth.mode != "off":
        return Once(PlatformValues(upstream.client))
    return Once(SharedValues(relay)) if settings.shared.redis_url else None


def make_relay(app: web.Application, settings: Settings) -> Relay:
    """What crosses replicas: Redis where it is configured, else the memory of this process.

    Raises:
        ConfigError: Redis is configured without its library.
    """
    url = settings.shared.redis_url.reveal()
    if not url:
        return MemoryRelay()
    try:
        from octoperf_mcp.protocol.relay_redis import RedisRelay  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(
            "[shared] redis_url needs the extra `redis`: pip install 'octoperf-mcp[redis]'"
        ) from error
    relay = RedisRelay(url, settings.shared.prefix)

    async def run(_app: web.Application) -> AsyncIterator[None]:
        await relay.open()
        yield
        await relay.close()

    app.cleanup_ctx.append(run)
    return relay
