"""Third-party plugins as if they were installed, without a package."""

import importlib.metadata
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Any

import pytest

from octoperf_mcp import Tool, hookimpl
from octoperf_mcp.registry import manager


class Foreign(Distribution):
    """The package of somebody else."""

    def __init__(self, name: str = "acme-tools") -> None:
        self._name = name

    def read_text(self, filename: str) -> str | None:
        text = f"Metadata-Version: 2.1\nName: {self._name}\nVersion: 1.2\n"
        return text if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Any:
        return Path(path)


def module_of(*tools: Tool, api: object = ">=1.0,<2", **hooks: Callable[[], Any]) -> Any:
    """A plugin's module."""
    module: Any = types.ModuleType("acme")

    def register_tools() -> Iterable[Tool]:
        return tools

    module.octoperf_mcp_api = api
    module.register_tools = hookimpl(register_tools)
    for hook, value in hooks.items():
        setattr(module, hook, hookimpl(value))
    return module


@contextmanager
def installed(monkeypatch: pytest.MonkeyPatch, **modules: Any) -> Iterator[None]:
    """Modules by entry-point name; a path that cannot be imported where one is a text."""
    points = []
    for name, module in modules.items():
        target = module if isinstance(module, str) else f"third_party_{name}"
        if not isinstance(module, str):
            monkeypatch.setitem(sys.modules, target, module)
        point = EntryPoint(name, target, "octoperf_mcp")
        points.append(point._for(Foreign(f"{name}-package")))  # type: ignore[attr-defined]
    real = importlib.metadata.entry_points
    monkeypatch.setattr(manager, "entry_points", lambda group: [*real(group=group), *points])
    yield
