"""The routes of the REST API that an operator gave other methods and paths.

    [discovery]
    list_projects = "GET /v2/workspaces/{workspaceId}/projects"

Sections are plugins, and `core`; keys are names of their REST calls.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from octoperf_mcp.config import suggestion
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.registry.rest_calls import RestCall, named_calls
from octoperf_mcp.upstream import calls as core

CORE: Final = "core"
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ROUTE: Final = re.compile(r"([A-Z]+) (/[^\s#]*)")
_BRACES: Final = re.compile(r"\{[^{}/]*\}|[{}]")

Routes = Mapping[RestCall, RestCall]
"""What is called for each registered call."""


def routes_of(registered: Iterable[RestCall] | Routes) -> Routes:
    """Calls as they were registered, or a table as it is."""
    return registered if isinstance(registered, Mapping) else {each: each for each in registered}


def all_names(plugins: Mapping[str, Mapping[str, RestCall]]) -> dict[str, Mapping[str, RestCall]]:
    """The calls of the plugins that make some, and those of the core."""
    made = {plugin: calls for plugin, calls in sorted(plugins.items()) if calls}
    return {
        **made,
        CORE: named_calls(core, sorted(core.CORE_CALLS, key=lambda call: call.endpoint)),
    }


def load_routes(file: str, plugins: Mapping[str, Mapping[str, RestCall]]) -> Routes:
    """The table of all calls.

    Args:
        file: `[upstream] routes_file`; empty for none.
        plugins: Calls by plugin and name.

    Raises:
        ConfigError: the file cannot be read, names an unknown call or placeholder, or leaves a
            placeholder out.
    """
    names = all_names(plugins)
    table = {call: call for calls in names.values() for call in calls.values()}
    for section, routes in (_read(Path(file)) if file else {}).items():
        if section not in names:
            near = suggestion(section, names)
            raise ConfigError(f"{file}: there is no plugin [{section}]{near or '.'}")
        if not isinstance(routes, dict):
            raise ConfigError(f"{file}: [{section}] must be a table.")
        for name, route in routes.items():
            call = names[section].get(name)
            if call is None:
                near = suggestion(name, names[section])
                raise ConfigError(f"{file}: [{section}] has no route {name!r}{near or '.'}")
            table[call] = _rerouted(call, route, f"{file}: [{section}] {name} = {route!r}")
    return table


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"[upstream] routes_file: {file} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"[upstream] routes_file: {file} is not valid TOML: {error}") from error


def _rerouted(call: RestCall, route: object, where: str) -> RestCall:
    found = _ROUTE.fullmatch(route) if isinstance(route, str) else None
    if found is None:
        raise ConfigError(f"{where} must be a method and a path, such as {call.endpoint!r}.")
    method, path = found.groups()
    if method not in _METHODS:
        near = suggestion(method, _METHODS)
        raise ConfigError(f"{where}: the method must be one of {', '.join(_METHODS)}{near}.")
    if call.body != "none" and method not in {"POST", "PUT", "PATCH"}:
        raise ConfigError(f"{where}: a {method} carries no body, and this call has one.")
    known = [f"{{{name}}}" for name in call.parameters]
    given = _BRACES.findall(path)
    for placeholder in given:
        if placeholder not in known:
            near = suggestion(placeholder, known)
            listed = f"; it has {', '.join(known)}" if known else "; it has none"
            raise ConfigError(f"{where}: there is no placeholder {placeholder}{near or listed}.")
    missing = [placeholder for placeholder in known if placeholder not in given]
    if missing:
        raise ConfigError(f"{where} leaves out {', '.join(missing)}.")
    return replace(call, method=method, path=path)
