"""Every hook has an example on its page, and the example runs."""

import dataclasses
import inspect
import re
import textwrap
import types
from typing import Any

import pytest

import octoperf_mcp
from octoperf_mcp import errors, hookspecs
from octoperf_mcp.registry.discovering import found_object, hook_types, parts_of
from octoperf_mcp.registry.manager import load_registry

EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def example(hook: str) -> Any:
    """A plugin's module made of the example of a hook."""
    found = EXAMPLE.search(inspect.getdoc(getattr(hookspecs, hook)) or "")
    assert found, f"{hook} has no example"
    module = types.ModuleType("acme")
    names = {name: getattr(octoperf_mcp, name) for name in octoperf_mcp.__all__}
    module.__dict__.update(names, dataclass=dataclasses.dataclass)
    module.__dict__["ForbiddenError"] = errors.ForbiddenError
    exec(compile(textwrap.dedent(found[1]), hook, "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("hook", hook_types())
def test_the_example_of_a_hook_registers_something(hook: str) -> None:
    parts = parts_of(found_object(example(hook)), 5)
    assert parts.hooks == (hook,)
    assert load_registry(extra=[example(hook)], installed=False).plugins[0].state == "enabled"


def test_every_hook_has_a_user_in_this_repository() -> None:
    registry = load_registry(enable=["policy", "conformance", "curl"])
    used = {hook for plugin in registry.plugins for hook in plugin.hooks}
    assert set(hook_types()) == used
