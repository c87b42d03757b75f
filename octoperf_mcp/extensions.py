"""What plugins add to the embedded platform, each with the host of its plugin."""

from functools import partial

from octoperf_mcp.entities.extensions import Extensions, Listener
from octoperf_mcp.hosts import Hosts
from octoperf_mcp.registry.manager import Registry


def extensions_of(registry: Registry, hosts: Hosts) -> Extensions:
    """The additions of all enabled plugins, in the order of their names."""
    return Extensions(
        listeners=tuple(
            Listener(
                one.plugin,
                one.value.name,
                partial(one.value.tell, hosts.of(one.plugin)),
                one.value.timeout_s,
            )
            for one in registry.notifiers
        ),
        frameworks=tuple(one.value for one in registry.frameworks),
        importers=tuple(one.value for one in registry.importers),
        types=registry.added_types,
        off=registry.additions_off,
    )
