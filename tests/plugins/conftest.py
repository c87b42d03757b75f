"""What every plugin's tests stand on: a context that knows only what the plugin registered.

`context(plugin, answers)` makes one. `answers` maps `"GET /design/projects/p1?type=x"` (values
filled in, query sorted by name) to the JSON that the platform answers, to an exception to raise,
or to a function of the body that was sent. `await context.run(tool, {…})` calls a tool as the
server would, checks the result against the output schema and for its link, and hands it back.
"""

import asyncio
import copy
import dataclasses
import importlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import jsonschema
import orjson
import pytest

from octoperf_mcp import Caller, Change, DeepLink, Question, RestCall, Revised, Tool
from octoperf_mcp.entities.added_types import NO_ADDED_TYPES, AddedTypes
from octoperf_mcp.errors import NotFoundError, ToolError
from octoperf_mcp.registry import polling
from octoperf_mcp.registry.context import OnCancel
from octoperf_mcp.registry.paths import to_snake
from octoperf_mcp.registry.schema import written_schema
from octoperf_mcp.registry.shipped import FILE
from octoperf_mcp.registry.tools import compiled, returned_by

ORIGIN = "https://octoperf.test"
SNAPSHOTS = Path(__file__).parents[1] / "snapshots" / "tools"

Answers = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Made:
    """One call that a tool made: its line as the answers are keyed, and its body."""

    line: str
    body: Any = None
    if_revision: int | None = None


@dataclass
class FakeContext:
    """A ToolContext that refuses calls and links which the plugin has not registered."""

    plugin: ModuleType
    answers: Answers
    workspaces: dict[str, str] = field(default_factory=lambda: {"p1": "w1"})
    made: list[Made] = field(default_factory=list)
    reported: list[tuple[float, float | None, str]] = field(default_factory=list)
    revision: int | None = None
    knows_tasks: bool = False
    became: list[str] = field(default_factory=list)
    on_cancel: OnCancel | None = None
    extensions: dict[str, Any] = field(default_factory=dict)

    @property
    def caller(self) -> Caller:
        scopes = frozenset({"octoperf:read", "octoperf:write"})
        return Caller(
            subject="u1", client_id="tests", scopes=scopes, token="a-token", expires_at=4e9
        )

    @property
    def added_types(self) -> AddedTypes:
        return NO_ADDED_TYPES

    @property
    def lines(self) -> list[str]:
        """The calls made, in order."""
        return [made.line for made in self.made]

    def body_of(self, line: str) -> Any:
        """Body of the last call of this line."""
        return [made.body for made in self.made if made.line == line][-1]

    async def rest(self, call: RestCall, /, *, body: Any = None, **values: Any) -> Any:
        assert call in registered(self.plugin, "rest_calls"), f"{call.endpoint}: not registered"
        assert (body is None) == (call.body == "none"), f"{call.endpoint}: body {call.body}"
        line = _line(call, values)
        sent = None if body is None else json.loads(orjson.dumps(body))
        self.made.append(Made(line, sent))
        assert line in self.answers, f"no answer to {line!r}; there are {sorted(self.answers)}"
        answer = self.answers[line]
        if isinstance(answer, BaseException):
            raise answer
        return copy.deepcopy(answer(sent) if callable(answer) else answer)

    async def revised(
        self, call: RestCall, /, *, body: Any = None, if_revision: int | None = None, **values: Any
    ) -> Revised:
        """The revision is the context's own, one more after each write."""
        answer = await self.rest(call, body=body, **values)
        if call.method != "GET":
            self.made[-1] = dataclasses.replace(self.made[-1], if_revision=if_revision)
            self.revision = None if self.revision is None else self.revision + 1
        return Revised(answer, self.revision)

    def settings(self, kind: type[T]) -> T:
        return kind()

    def link(self, link: DeepLink, /, **values: str) -> str:
        assert link in registered(self.plugin, "deep_links"), f"{link.path}: not registered"
        assert {to_snake(name) for name in link.parameters} == set(values), link.path
        return link.fill(ORIGIN, **values)

    async def workspace_of(self, project_id: str) -> str:
        if project_id not in self.workspaces:
            raise NotFoundError("no such project", status=404)
        return self.workspaces[project_id]

    async def log(self, level: str, data: Any) -> None:
        """Nobody listens."""

    def extension(self, name: str) -> Mapping[str, Any] | None:
        return self.extensions.get(name)

    def can_ask(self, question: Question) -> bool:
        """Nobody is there."""
        return False

    async def ask(
        self, questions: Mapping[str, Question], *, proven: bool = False
    ) -> Mapping[str, Any]:
        raise AssertionError(f"asked: {questions}")

    async def announce(self, change: Change) -> None:
        """Nobody watches."""

    def release_stream(self) -> None:
        """There is none."""

    def become_task(
        self, message: str = "", *, required: bool = False, on_cancel: OnCancel | None = None
    ) -> bool:
        if self.knows_tasks:
            self.became.append(message)
            self.on_cancel = on_cancel
        return self.knows_tasks

    async def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        assert not self.reported or done > self.reported[-1][0], "progress must grow"
        self.reported.append((done, total, message))

    async def run(self, tool: Tool, arguments: Mapping[str, Any]) -> Any:
        """Call a tool; its result fits the schema listed and the whole one, and has a link."""
        result = orjson.loads(await tool.call(self, arguments))
        jsonschema.validate(result, tool.definition["outputSchema"])
        if "fields" not in arguments:
            jsonschema.validate(result, written_schema(returned_by(tool.function)[0]))
        assert result.get("url", "").startswith("http"), f"{tool.name}: no url"
        return result

    async def refuse(self, tool: Tool, arguments: Mapping[str, Any]) -> ToolError:
        """Call a tool that must refuse; its error."""
        with pytest.raises(ToolError) as caught:
            await tool.call(self, arguments)
        return caught.value


def _line(call: RestCall, values: Mapping[str, Any]) -> str:
    known = {to_snake(name): name for name in (*call.parameters, *call.query)}
    assert set(values) <= set(known), f"{call.endpoint}: {sorted(values)}"
    path = call.path
    for name in call.parameters:
        assert values.get(to_snake(name)), f"{call.endpoint}: {name} is missing"
        path = path.replace(f"{{{name}}}", quote(str(values[to_snake(name)]), safe=""))
    query = {
        known[name]: value
        for name, value in sorted(values.items())
        if known[name] in call.query and value is not None
    }
    return f"{call.method} {path}" + (f"?{urlencode(query)}" if query else "")


def registered(plugin: ModuleType, what: str) -> frozenset[Any]:
    """What a plugin registers by itself: `rest_calls` or `deep_links`."""
    hook = getattr(plugin, f"register_{what}", None)
    return frozenset(hook()) if hook else frozenset()


@pytest.fixture
def context() -> Callable[..., FakeContext]:
    """Maker of contexts: `context("octoperf_edit", {"GET /…": {...}})`."""

    def make(plugin: str, answers: Answers | None = None, **values: Any) -> FakeContext:
        return FakeContext(importlib.import_module(plugin), answers or {}, **values)

    return make


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools that wait read again at once."""
    monkeypatch.setattr(polling, "sleep", lambda _: asyncio.sleep(0))


@pytest.fixture
def check_contract() -> Callable[[str], None]:
    """The promises that every plugin keeps: `check_contract("octoperf_edit")`."""

    def check(name: str) -> None:
        plugin = importlib.import_module(name)
        tools: dict[str, Tool] = {tool.name: tool for tool in plugin.register_tools()}
        for tool in tools.values():
            _check_tool(tool, name)
            assert set(tool.needs) <= registered(plugin, "rest_calls"), tool.name
        _compare_shipped(tools, plugin)
        made = {value for value in vars(plugin.rest).values() if isinstance(value, RestCall)}
        assert made == registered(plugin, "rest_calls")
        shown = {value for value in vars(plugin.links).values() if isinstance(value, DeepLink)}
        assert shown == registered(plugin, "deep_links")

    return check


def _check_tool(tool: Tool, plugin: str) -> None:
    definition = json.loads(json.dumps(dict(tool.definition)))
    for which in ("inputSchema", "outputSchema"):
        schema = definition[which]
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object", tool.name
        assert not {"anyOf", "oneOf", "allOf", "$ref", "$defs"} & set(schema), tool.name
    for name, parameter in definition["inputSchema"]["properties"].items():
        assert parameter["description"], f"{tool.name}.{name}"
    hints = definition["annotations"]
    assert set(hints) == {
        "title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint",
    }  # fmt: skip
    assert not (hints["readOnlyHint"] and hints["destructiveHint"]), tool.name
    assert len(tool.description) <= 600, f"{tool.name}: {len(tool.description)} characters"
    _compare_snapshot(tool.name, definition, plugin)


def _compare_shipped(tools: Mapping[str, Tool], plugin: ModuleType) -> None:
    path = Path(str(plugin.__file__)).parent / FILE
    lines = [
        f"{json.dumps(name)}: {json.dumps(compiled(tool), ensure_ascii=False)}"
        for name, tool in sorted(tools.items())
    ]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        path.write_text(text, encoding="utf-8")
    shipped = path.read_text(encoding="utf-8") if path.exists() else ""
    assert shipped == text, f"{plugin.__name__}: UPDATE_SNAPSHOTS=1 writes {path.name}"


def _compare_snapshot(name: str, definition: dict[str, Any], plugin: str) -> None:
    path = SNAPSHOTS / f"{name}.json"
    text = json.dumps(definition, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        SNAPSHOTS.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{plugin}: UPDATE_SNAPSHOTS=1 writes {path.name}"
    assert path.read_text(encoding="utf-8") == text, f"{plugin}: {name} is not as in its snapshot"
