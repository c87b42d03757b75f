"""Every hook has an example on its page, and the example runs."""

import dataclasses
import inspect
import io
import re
import textwrap
import types
from typing import Any
from unittest.mock import MagicMock

import pytest

import octoperf_mcp
from octoperf_mcp import errors, hookspecs
from octoperf_mcp.entities.check import check
from octoperf_mcp.entities.imported import Bodies
from octoperf_mcp.registry.discovering import found_object, hook_types, parts_of
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.readable import front_matter

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


def test_the_importer_of_the_example_makes_what_can_be_kept() -> None:
    read = example("register_importers").read_recording
    imported = read(io.BytesIO(b"open pay"), {"filename": "shop.acme"}, Bodies())
    (user,) = imported.virtual_users
    check("virtual_user", {"projectId": "", **user})
    assert [child["name"] for child in user["children"]] == ["open", "pay"]
    with pytest.raises(errors.InvalidArgumentError):
        read(io.BytesIO(b""), {"filename": "shop.acme"}, Bodies())


def test_the_action_of_the_example_plays() -> None:
    user = MagicMock()
    user.text.side_effect = {"url": "tcp://shop.example", "words": "hello"}.__getitem__
    sample = user.sample.return_value.__enter__.return_value
    example("register_action_types").say(user)
    user.sample.assert_called_once_with("SAY", "tcp://shop.example")
    sample.received.assert_called_once_with("HELLO")


def test_the_report_item_of_the_example_draws() -> None:
    buckets = (octoperf_mcp.Bucket(900, 1_000, 3), octoperf_mcp.Bucket(2_000_000, 2_030_000, 1))
    run = MagicMock(actions={"a": "Pay"})
    run.histograms.return_value = [octoperf_mcp.Histogram(None, "a", buckets)]
    request = MagicMock(item={"slowerThanMs": None}, run=run, filters=())
    drawn = example("register_report_item_types").slow_share(None, request)
    assert drawn.cleaned().rows == (("Pay", 25.0),)
    assert [column.unit for column in drawn.columns] == ["", "%"]


def test_the_skill_of_the_example_is_one() -> None:
    (asset,) = example("register_public_assets").register_public_assets()
    assert front_matter(asset.path, asset.content)["name"] == "acme-notes"
