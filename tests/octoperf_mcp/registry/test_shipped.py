"""Shipped schemas: used as long as they fit, and never longer."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import orjson
import pytest
from pydantic import Field

from octoperf_mcp import ToolContext, payload, tool
from octoperf_mcp.registry import shipped
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.tools import compiled, returned_by


@payload
class Row:
    id: str


@payload
class Rows:
    rows: list[Row]


@payload
class LongerRow:
    id: str
    name: str | None = None


@payload
class LongerRows:
    rows: list[LongerRow]


async def read_rows(ctx: ToolContext, most: Annotated[int, Field(ge=1)] = 5) -> Rows:
    """Read rows.

    Args:
        most: How many.
    """
    return Rows(rows=[Row(id=str(number)) for number in range(most)])


MARKED = {"type": "object", "properties": {"shipped": {"type": "string"}}}


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    """A package named `packed`, whose `schemas.json` a test writes."""
    module = ModuleType("packed")
    module.__file__ = str(tmp_path / "__init__.py")
    sys.modules["packed"] = module
    shipped._of_package.cache_clear()
    yield tmp_path / shipped.FILE
    del sys.modules["packed"]
    shipped._of_package.cache_clear()


def ship(path: Path, function: Any) -> None:
    """Ship marked schemas for a function as it is now."""
    entry = compiled(tool(title="Read")(function)) | {"inputSchema": MARKED}
    path.write_bytes(orjson.dumps({function.__name__: entry}))


def as_packed(function: Any, **changes: Any) -> Any:
    """A copy that lives in the package."""
    copy = type(function)(
        function.__code__, function.__globals__, function.__name__, function.__defaults__
    )
    copy.__annotations__ = dict(function.__annotations__)
    copy.__doc__ = function.__doc__
    copy.__module__ = "packed.tools"
    for name, value in changes.items():
        setattr(copy, name, value)
    return copy


def test_schemas_that_ship_are_not_made_again(package: Path) -> None:
    ship(package, read_rows)
    assert tool(title="Read")(as_packed(read_rows)).definition["inputSchema"] == MARKED


@pytest.mark.parametrize(
    "changes",
    [
        {"__doc__": str(read_rows.__doc__).replace("How many", "How many rows")},
        {"__defaults__": (6,)},
        {
            "__annotations__": {
                **read_rows.__annotations__,
                "most": Annotated[int, Field(ge=2)],
            }
        },
        {"__annotations__": {**read_rows.__annotations__, "return": LongerRows}},
    ],
    ids=["words", "default", "bound", "answer"],
)
def test_a_changed_tool_has_its_schemas_made_anew(package: Path, changes: Any) -> None:
    ship(package, read_rows)
    found = tool(title="Read")(as_packed(read_rows, **changes)).definition
    assert found["inputSchema"]["properties"]["most"]["type"] == "integer"


def test_a_plugin_that_ships_none_makes_its_own(package: Path) -> None:
    assert not package.exists()
    found = tool(title="Read")(as_packed(read_rows)).definition
    assert found["outputSchema"]["properties"]["rows"]["type"] == "array"


def test_built_in_tools_all_start_from_what_ships() -> None:
    for found in load_registry().tools.values():
        returns, _ = returned_by(found.function)
        assert shipped.shipped(found.function, returns) is not None, found.name
