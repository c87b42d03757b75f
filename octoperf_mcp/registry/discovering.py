"""From installed entry points to what each plugin registers, one plugin at a time.

A third-party plugin is imported and asked in a thread of its own: whatever it does there, it ends
in a reason, also when it never comes back, leaves with SystemExit or answers nonsense.
"""

import difflib
import threading
import time
import traceback
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Final

import pluggy

from octoperf_mcp import hookspecs
from octoperf_mcp.errors import PluginError
from octoperf_mcp.registry.api_range import API_VERSION, ATTRIBUTE, check_range
from octoperf_mcp.registry.rest_calls import RestCall, named_calls

DISTRIBUTION: Final = "octoperf_mcp"
MAX_ITEMS: Final = 1_000
"""Of one hook of one plugin."""


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin that was found, not imported yet."""

    name: str
    distribution: str
    version: str
    load: Callable[[], object]

    @property
    def built_in(self) -> bool:
        """Whether it ships with this distribution."""
        return self.distribution == DISTRIBUTION


@dataclass(frozen=True, slots=True)
class Parts:
    """What one plugin registers, by hook; the API range that it declares; seconds it took.

    `routes` are its REST calls by name, `silent` the hooks it has that answer None.
    """

    by_hook: Mapping[str, list[Any]]
    api: str
    load_s: float
    routes: Mapping[str, RestCall]
    silent: tuple[str, ...] = ()

    @property
    def hooks(self) -> tuple[str, ...]:
        """Hooks that registered something, in call order."""
        return tuple(hook for hook, items in self.by_hook.items() if items)


def found_at(points: Iterable[EntryPoint]) -> list[Found]:
    """The plugins of entry points."""
    return [Found(point.name, *_origin(point), point.load) for point in points]


def found_object(plugin: object) -> Found:
    """A plugin object, which counts as built in."""
    name = str(getattr(plugin, "__name__", type(plugin).__name__)).removeprefix("octoperf_")
    return Found(name, DISTRIBUTION, "", lambda: plugin)


def _origin(point: EntryPoint) -> tuple[str, str]:
    if point.dist is None:
        return "", ""
    return point.dist.name.replace("-", "_"), point.dist.version


def parts_of(item: Found, limit_s: float) -> Parts:
    """Import a plugin and ask all of its hooks.

    Args:
        item: The plugin.
        limit_s: Longest time of a third-party one.

    Raises:
        PluginError: it breaks a rule, or a third-party one failed in any other way.
        Exception: what a built-in one raised.
    """
    if item.built_in:
        return _parts(item)
    outcome: list[Parts | BaseException] = []

    def work() -> None:
        try:
            outcome.append(_parts(item))
        except BaseException as error:  # noqa: BLE001 - SystemExit of others is no reason to leave
            outcome.append(error)

    thread = threading.Thread(target=work, name=f"load plugin {item.name}", daemon=True)
    thread.start()
    thread.join(limit_s)
    if not outcome:
        raise PluginError(f"it did not load within {limit_s:g} s, the load_timeout_s of [plugins]")
    (result,) = outcome
    if isinstance(result, PluginError):
        raise result
    if isinstance(result, BaseException):
        told = f"{type(result).__name__}: {result}"[:400]
        raise PluginError(f"{told}{_place_of(result)}") from result
    return result


def _place_of(error: BaseException) -> str:
    """The last line of a file that an exception came through, in brackets."""
    frames = traceback.extract_tb(error.__traceback__)
    files = [frame for frame in frames if not frame.filename.startswith("<")]
    if isinstance(error, SyntaxError) or not files:  # that names its place itself
        return ""
    last = files[-1]
    return f" ({'/'.join(Path(last.filename).parts[-2:])[-70:]}, line {last.lineno})"


def _parts(item: Found) -> Parts:
    began = time.perf_counter()
    plugin = item.load()
    api = check_range(getattr(plugin, ATTRIBUTE, None))
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, item.name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(_unknown_hook(error)) from error
    answers = {hook: getattr(manager.hook, hook)() for hook in hook_types()}
    by_hook = {hook: _checked(hook, answers[hook], kind) for hook, kind in hook_types().items()}
    routes = named_calls(plugin, by_hook["register_rest_calls"])
    had = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
    silent = tuple(hook for hook, told in answers.items() if hook in had and not told)
    return Parts(by_hook, api, time.perf_counter() - began, routes, silent)


def _unknown_hook(error: pluggy.PluginValidationError) -> str:
    """What pluggy complains of, with the hook that may be meant."""
    told = str(error).partition(" in plugin ")[0]
    near = difflib.get_close_matches(told.partition("'")[2].rstrip("'"), hook_types(), n=1)
    if near:
        return f"{told}; did you mean {near[0]}?"
    return f"{told}; the page Hooks of the documentation lists those of the API {API_VERSION}"


def _checked(hook: str, answers: Iterable[object], kind: Any) -> list[Any]:
    items: list[Any] = []
    for answer in answers:
        if isinstance(answer, str | bytes | Mapping) or not isinstance(answer, Iterable):
            raise PluginError(f"{hook} must return a sequence, not {type(answer).__name__}")
        for one in answer:
            if not (isinstance(one, kind) if isinstance(kind, type) else callable(one)):
                wanted = kind.__name__ if isinstance(kind, type) else "functions"
                raise PluginError(f"{hook} must return {wanted}, not {type(one).__name__}")
            items.append(one)
            if len(items) > MAX_ITEMS:
                raise PluginError(f"{hook} returns more than {MAX_ITEMS} objects")
    return items


@cache
def hook_types() -> Mapping[str, Any]:
    """What each hook returns many of: a class, or a type of functions; in call order."""
    return {
        name: typing.get_args(typing.get_type_hints(value)["return"])[0]
        for name, value in vars(hookspecs).items()
        if name.startswith("register_")
    }
