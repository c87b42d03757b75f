"""OctoPerf over the Model Context Protocol.

The names below are the API of plugin authors. They are looked up when first used, so that a
process that needs only a part of the package (a load worker) stays small.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from octoperf_mcp.cli.settings import add_config_arguments, read_config
    from octoperf_mcp.config import Secret, described
    from octoperf_mcp.entities.extensions import CorrelationFramework, Deliver, EndedRun, Importer
    from octoperf_mcp.hookspecs import hookimpl
    from octoperf_mcp.registry.api_range import API_VERSION
    from octoperf_mcp.registry.assets import (
        Completion,
        ConfigSection,
        Prompt,
        PromptArgument,
        PublicAsset,
        Resource,
    )
    from octoperf_mcp.registry.base_addresses import BaseAddress
    from octoperf_mcp.registry.captures import (
        CapturedHeader,
        CapturedRequest,
        CapturedResponse,
        Captures,
        plain_text,
    )
    from octoperf_mcp.registry.changes import Change
    from octoperf_mcp.registry.confirmations import Confirm
    from octoperf_mcp.registry.content import (
        Block,
        Content,
        Illustrated,
        audio_block,
        image_block,
        resource_block,
        text_block,
    )
    from octoperf_mcp.registry.context import Caller, CallScope, Revised, ToolContext
    from octoperf_mcp.registry.deep_links import DeepLink
    from octoperf_mcp.registry.edits import (
        Editable,
        Edited,
        IfRevision,
        edit_document,
        patch_document,
        require_revision,
        told,
    )
    from octoperf_mcp.registry.extending import (
        AfterToolCall,
        BeforeToolCall,
        Command,
        Drain,
        HealthCheck,
        Host,
        Lifespan,
        Notifier,
        ToolCall,
        ToolCallEnd,
    )
    from octoperf_mcp.registry.ids import known_id
    from octoperf_mcp.registry.listings import (
        Limit,
        Listing,
        by_name,
        epoch_ms,
        listing,
        page_in_order,
        page_of,
    )
    from octoperf_mcp.registry.patches import AppliedOperation, PatchOperations, apply_patch
    from octoperf_mcp.registry.payloads import payload
    from octoperf_mcp.registry.platform_tasks import (
        TASK_RESULT,
        TaskStatus,
        message_of,
        status_of,
        watch_task,
    )
    from octoperf_mcp.registry.polling import WaitSec, Watch, follow, wait_for_change
    from octoperf_mcp.registry.questions import Question, form, roots, sampling
    from octoperf_mcp.registry.rest_calls import Part, RestCall
    from octoperf_mcp.registry.tickets import (
        PRESIGN,
        PRESIGN_DOWNLOAD,
        Ticket,
        download_ticket,
        upload_ticket,
    )
    from octoperf_mcp.registry.tools import Tool, tool

__version__ = "0.1.0"

_HOMES = {
    "AfterToolCall": "registry.extending",
    "BeforeToolCall": "registry.extending",
    "Command": "registry.extending",
    "Drain": "registry.extending",
    "HealthCheck": "registry.extending",
    "Host": "registry.extending",
    "CorrelationFramework": "entities.extensions",
    "Deliver": "entities.extensions",
    "EndedRun": "entities.extensions",
    "Lifespan": "registry.extending",
    "Notifier": "registry.extending",
    "ToolCall": "registry.extending",
    "ToolCallEnd": "registry.extending",
    "described": "config",
    "Secret": "config",
    "API_VERSION": "registry.api_range",
    "add_config_arguments": "cli.settings",
    "read_config": "cli.settings",
    "AppliedOperation": "registry.patches",
    "BaseAddress": "registry.base_addresses",
    "Block": "registry.content",
    "CallScope": "registry.context",
    "Caller": "registry.context",
    "CapturedHeader": "registry.captures",
    "CapturedRequest": "registry.captures",
    "CapturedResponse": "registry.captures",
    "Captures": "registry.captures",
    "Completion": "registry.assets",
    "Change": "registry.changes",
    "ConfigSection": "registry.assets",
    "Confirm": "registry.confirmations",
    "Content": "registry.content",
    "DeepLink": "registry.deep_links",
    "Editable": "registry.edits",
    "Edited": "registry.edits",
    "IfRevision": "registry.edits",
    "Illustrated": "registry.content",
    "Importer": "entities.extensions",
    "Limit": "registry.listings",
    "Listing": "registry.listings",
    "PRESIGN": "registry.tickets",
    "PRESIGN_DOWNLOAD": "registry.tickets",
    "Part": "registry.rest_calls",
    "PatchOperations": "registry.patches",
    "Prompt": "registry.assets",
    "PromptArgument": "registry.assets",
    "PublicAsset": "registry.assets",
    "Question": "registry.questions",
    "Resource": "registry.assets",
    "RestCall": "registry.rest_calls",
    "Revised": "registry.context",
    "TASK_RESULT": "registry.platform_tasks",
    "TaskStatus": "registry.platform_tasks",
    "Ticket": "registry.tickets",
    "Tool": "registry.tools",
    "ToolContext": "registry.context",
    "WaitSec": "registry.polling",
    "Watch": "registry.polling",
    "apply_patch": "registry.patches",
    "audio_block": "registry.content",
    "by_name": "registry.listings",
    "download_ticket": "registry.tickets",
    "edit_document": "registry.edits",
    "patch_document": "registry.edits",
    "epoch_ms": "registry.listings",
    "follow": "registry.polling",
    "form": "registry.questions",
    "hookimpl": "hookspecs",
    "image_block": "registry.content",
    "known_id": "registry.ids",
    "listing": "registry.listings",
    "message_of": "registry.platform_tasks",
    "page_in_order": "registry.listings",
    "page_of": "registry.listings",
    "payload": "registry.payloads",
    "plain_text": "registry.captures",
    "require_revision": "registry.edits",
    "resource_block": "registry.content",
    "roots": "registry.questions",
    "sampling": "registry.questions",
    "status_of": "registry.platform_tasks",
    "text_block": "registry.content",
    "told": "registry.edits",
    "tool": "registry.tools",
    "upload_ticket": "registry.tickets",
    "wait_for_change": "registry.polling",
    "watch_task": "registry.platform_tasks",
}

__all__ = [
    "API_VERSION",
    "PRESIGN",
    "PRESIGN_DOWNLOAD",
    "TASK_RESULT",
    "AfterToolCall",
    "AppliedOperation",
    "BaseAddress",
    "BeforeToolCall",
    "Block",
    "CallScope",
    "Caller",
    "CapturedHeader",
    "CapturedRequest",
    "CapturedResponse",
    "Captures",
    "Change",
    "Command",
    "Completion",
    "ConfigSection",
    "Confirm",
    "Content",
    "CorrelationFramework",
    "DeepLink",
    "Deliver",
    "Drain",
    "Editable",
    "Edited",
    "EndedRun",
    "HealthCheck",
    "Host",
    "IfRevision",
    "Illustrated",
    "Importer",
    "Lifespan",
    "Limit",
    "Listing",
    "Notifier",
    "Part",
    "PatchOperations",
    "Prompt",
    "PromptArgument",
    "PublicAsset",
    "Question",
    "Resource",
    "RestCall",
    "Revised",
    "Secret",
    "TaskStatus",
    "Ticket",
    "Tool",
    "ToolCall",
    "ToolCallEnd",
    "ToolContext",
    "WaitSec",
    "Watch",
    "__version__",
    "add_config_arguments",
    "apply_patch",
    "audio_block",
    "by_name",
    "described",
    "download_ticket",
    "edit_document",
    "epoch_ms",
    "follow",
    "form",
    "hookimpl",
    "image_block",
    "known_id",
    "listing",
    "message_of",
    "page_in_order",
    "page_of",
    "patch_document",
    "payload",
    "plain_text",
    "read_config",
    "require_revision",
    "resource_block",
    "roots",
    "sampling",
    "status_of",
    "text_block",
    "told",
    "tool",
    "upload_ticket",
    "wait_for_change",
    "watch_task",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
