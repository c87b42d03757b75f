"""Values of report items of types that plugins add: their functions, kept apart from the rest."""

import copy
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from octoperf_mcp.embedded.failures import Failure, Invalid, Unprocessable
from octoperf_mcp.embedded.metrics.apart import BusyError, Reads, apart
from octoperf_mcp.embedded.metrics.items import Item, filters_of
from octoperf_mcp.embedded.metrics.reading import Limits, RunView
from octoperf_mcp.embedded.metrics.run_figures import ReadRun
from octoperf_mcp.entities.drawings import Drawing, UndrawableError, cleaned
from octoperf_mcp.entities.extensions import AddedItem, Extensions
from octoperf_mcp.entities.report_items import ItemRequest
from octoperf_mcp.entities.runs import is_over
from octoperf_mcp.errors import InvalidArgumentError, PluginOffError

log = structlog.get_logger(__name__)

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Room:
    """How much can be told apart where an item is shown: slots of time, rows or bands."""

    slots: int
    rows: int


PAGE: Final = Room(slots=96, rows=24)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of what: views and bench results by id, a window, and the room there is."""

    views: Mapping[str, RunView]
    runs: Mapping[str, Json]
    limits: Limits
    room: Room


def require_on(body: object, extensions: Extensions) -> None:
    """Refuse an item of a plugin that is off.

    Raises:
        Unprocessable: names the plugin.
    """
    kind = body.get("@type") if isinstance(body, Mapping) else None
    plugin = None if kind in extensions.items else extensions.types.off().get(str(kind))
    if plugin is not None:
        raise Unprocessable(
            f"{kind} is a type of the plugin {plugin}, which is off.",
            details={"plugin": plugin, "next": "Ask the operator to enable it, or read others."},
        )


async def drawing_of(added: AddedItem, item: Item, shown: Shown) -> Drawing:
    """What an item shows, made by its plugin within its time.

    Raises:
        Invalid: the plugin refuses the item, or a filter is none.
        Unprocessable: the plugin failed, took too long, or answered what cannot be shown.
    """
    filters_of(item.body)
    ids = dict.fromkeys([item.reference_id, *item.bench_result_ids])
    over = {run_id: is_over(str(shown.runs[run_id].get("state"))) for run_id in ids}
    if not added.live and not all(over.values()):
        raise Unprocessable(
            f"{added.type} has values once its run is over.",
            details={"next": "Read it again when the run is over."},
        )
    reads = Reads()
    try:
        runs = tuple(
            ReadRun(
                shown.views[run_id],
                str(shown.runs[run_id].get("name") or ""),
                over[run_id],
                shown.limits,
                reads,
            )
            for run_id in ids
        )
        request = ItemRequest(
            copy.deepcopy(dict(item.body)), runs, shown.room.slots, shown.room.rows
        )
        return await _guarded(added, request)
    finally:
        await reads.close()


async def _guarded(added: AddedItem, request: ItemRequest) -> Drawing:
    def work() -> Drawing:
        return cleaned(added.values(request))

    try:
        added.guard.check()
        outcome = await apart(work, timeout_s=added.timeout_s, left=added.left)
    except PluginOffError as error:
        raise _failed(added, error.message, counted=False) from error
    except BusyError:
        raise _failed(added, "earlier calls of it never ended") from None
    except TimeoutError:
        raise _failed(added, f"it took longer than {added.timeout_s:g} s") from None
    if outcome.value is not None:
        added.guard.succeeded()
        return outcome.value
    raise _reason(added, outcome.error)


def _reason(added: AddedItem, error: BaseException | None) -> Failure:
    """What is told of whatever a plugin raised."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, InvalidArgumentError):
        return Invalid(error.message, details={"next": error.next_step})
    if isinstance(error, UndrawableError):
        return _failed(added, str(error))
    return _failed(added, f"it broke with {type(error).__name__}", error)


def _failed(
    added: AddedItem, reason: str, error: BaseException | None = None, *, counted: bool = True
) -> Unprocessable:
    frames = traceback.extract_tb(error.__traceback__) if error is not None else ()
    at = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    log.warning("item_failed", plugin=added.plugin, type=added.type, reason=reason, at=at)
    if counted:
        added.guard.failed(added.type, reason)
    return Unprocessable(
        f"The plugin {added.plugin} could not draw this {added.type}: {reason.rstrip('.')}.",
        details={
            "plugin": added.plugin,
            "next": "Read other items; the plugin's author or the operator has to look into it.",
        },
    )
