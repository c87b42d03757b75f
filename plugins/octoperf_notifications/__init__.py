"""Notifications: tells a webhook how runs went that ended. Idle until configured."""

from collections.abc import Iterable

from octoperf_mcp import ConfigSection, Notifier, hookimpl
from octoperf_notifications.settings import NotificationSettings
from octoperf_notifications.webhook import describe, tell

octoperf_mcp_api = ">=1.0,<2"


@hookimpl
def register_config() -> Iterable[ConfigSection]:
    """`[notifications]`."""
    return (ConfigSection("notifications", NotificationSettings),)


@hookimpl
def register_notifiers() -> Iterable[Notifier]:
    """The webhook."""
    return (Notifier("webhook", tell, describe=describe),)
