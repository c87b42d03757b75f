"""What plugins add to the embedded platform, each with the host of its plugin."""

from functools import partial

from octoperf_mcp.entities.action_types import AddedAction, AddedActions
from octoperf_mcp.entities.extensions import AddedItem, Extensions, Listener
from octoperf_mcp.hosts import Hosts
from octoperf_mcp.protocol.isolation import Breaker, Isolation
from octoperf_mcp.registry.extending import Registered, ReportItemType
from octoperf_mcp.registry.registry import Registry


def extensions_of(registry: Registry, hosts: Hosts) -> Extensions:
    """The additions of all enabled plugins, in the order of their names."""
    return Extensions(
        listeners=tuple(
            Listener(
                one.plugin,
                one.value.name,
                partial(one.value.tell, hosts.of(one.plugin)),
                one.value.timeout_s,
                partial(one.value.describe, hosts.of(one.plugin)) if one.value.describe else None,
            )
            for one in registry.notifiers
        ),
        frameworks=tuple(one.value for one in registry.frameworks),
        importers=tuple(one.value for one in registry.importers),
        import_owners={one.value.kind: one.plugin for one in registry.importers},
        items={one.value.type: _item(one, hosts) for one in registry.report_items},
        actions=_actions(registry),
        types=registry.added_types,
        off=registry.additions_off,
    )


def _item(one: Registered[ReportItemType], hosts: Hosts) -> AddedItem:
    kind = one.value
    return AddedItem(
        one.plugin,
        kind.type,
        kind.title,
        partial(kind.values, hosts.of(one.plugin)),
        kind.live,
        kind.timeout_s,
        Breaker(one.plugin, Isolation()),
    )


def _actions(registry: Registry) -> AddedActions:
    plugins = {plugin.name: plugin for plugin in registry.plugins}
    return AddedActions(
        tuple(
            AddedAction(
                one.value, one.plugin, plugins[one.plugin].distribution, plugins[one.plugin].version
            )
            for one in registry.action_types
        ),
        registry.added_types.off,
    )
