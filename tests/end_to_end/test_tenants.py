"""One tenant never sees another's anything: every registered tool, and every page of the web UI.

The arguments are made from the tool's own schema, so that a new tool is tried by itself; a new kind
of id fails here until `owned` has one. (Every REST route: tests/octoperf_mcp/embedded/rest.)
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

import octoperf_mcp.embedded.app as embedded_app
from octoperf_mcp.cli.agent import Agent, CallFailedError, connected
from octoperf_mcp.cli.serving import Serving, serving
from octoperf_mcp.cli.sign_in import FormSignIn
from octoperf_mcp.config import load_settings
from octoperf_mcp.embedded.people import add_person
from octoperf_mcp.embedded.ui import pages
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.registry import Registry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from octoperf_mcp.embedded.platform import Platform

PASSWORD = "correct horse battery"
MARK = "ada-owns-this"
EXAMPLES: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).parents[1].joinpath("octoperf_mcp/entities/examples.json").read_text("utf-8")
)
RUN: dict[str, Any] = {
    "state": "FINISHED",
    "batchId": "",
    "description": MARK,
    "tags": [],
    "userLoad": 1,
    "durationMs": 1000,
    "startedAt": 1,
    "endedAt": 1001,
    "created": 1,
    "validation": False,
    "benchReportId": "",
    "virtualUserId": None,
}
JOB = {"name": MARK, "trigger": {"@type": "UnixCronTrigger", "expression": "0 3 1 1 *"}}
FORM_TEXT = re.compile(r'name="form" value="([^"]+)"')
TEXTS = {"baseUrl": "https://x.test", "regex": "a(b)c", "url": "https://x.test/a"}
"""Arguments that take a text of some form, where any other would be refused for its form."""

ID = re.compile(r"Ids?$")


@dataclass
class World:
    """A server with two users who know nothing of each other; `owned` is the first one's."""

    server: Serving
    platform: Platform
    registry: Registry
    owned: dict[str, str] = field(default_factory=dict)


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    grabbed: list[Platform] = []
    add_platform = embedded_app.add_platform

    def grab(app: web.Application, platform: Platform) -> None:
        grabbed.append(platform)
        add_platform(app, platform)

    monkeypatch.setattr(embedded_app, "add_platform", grab)
    flags: dict[str, dict[str, Any]] = {
        "server": {"port": 0},
        "embedded": {"data_dir": str(tmp_path)},
    }
    environ = {"OCTOPERF_MCP_EMBEDDED_DEMO_PASSWORD": PASSWORD}
    settings, registry = load_settings(flags=flags, environ=environ), load_registry()
    async with serving(settings, registry, tmp_path) as server:
        (platform,) = grabbed
        await add_person(platform.identity, platform.documents, "eve", PASSWORD)
        made = World(server, platform, registry)
        made.owned = await everything(made)
        yield made


async def everything(world: World) -> dict[str, str]:
    """One of each kind, of the user `demo`, by the name of the argument that takes its id."""
    documents = world.platform.documents
    user = await world.platform.identity.find_user("demo")
    assert user is not None
    (workspace,) = await documents.list("workspace", user_id=user["id"])
    project = await documents.create(
        "project",
        {"name": MARK, "type": "DESIGN", "description": MARK, "tags": []},
        user_id=user["id"],
        workspace_id=workspace.id,
    )

    async def kept(kind: str, **body: Any) -> str:
        example = copy.deepcopy(EXAMPLES.get(kind, {}))
        made = await documents.create(
            kind,
            {**example, "name": MARK, **body},
            user_id=user["id"],
            workspace_id=workspace.id,
            project_id="" if kind == "docker_provider" else project.id,
        )
        return made.id

    async def echo(body: dict[str, Any], user_id: str) -> dict[str, Any]:
        return {"@type": "EchoTaskResult", "text": MARK}

    world.platform.tasks.handle("EchoTask", echo)
    scenario = await kept("scenario")
    job = await world.platform.schedules.create({**JOB, "scenarioId": scenario}, user["id"])
    places = {"projectId": project.id, "resultProjectId": project.id, "scenarioId": scenario}
    result = await kept("bench_result", **RUN, **places)
    report = await kept("bench_report", benchResultIds=[result], items=[], configs=[])
    return {
        "workspaceId": workspace.id,
        "projectId": project.id,
        "taskId": await world.platform.tasks.submit({"@type": "EchoTask"}, user_id=user["id"]),
        "userId": user["id"],
        "virtualUserId": await kept("virtual_user"),
        "httpServerId": await kept("http_server"),
        "variableId": await kept("variable"),
        "correlationRuleId": await kept("correlation_rule"),
        "scenarioId": scenario,
        "jobId": job.id,
        "providerId": await kept("docker_provider", regions={"local": {}}),
        "benchResultId": result,
        "baselineId": result,
        "candidateId": result,
        "benchReportId": report,
        "reportId": report,
        "templateId": report,
        "actionId": "a-get",
        "itemId": "item",
        "frameworkId": "django",
        "frameworkIds": "django",
    }


def value_of(name: str, schema: dict[str, Any], owned: dict[str, str]) -> Any:
    """A value that the schema takes; another's id wherever it is one."""
    if ID.search(name):
        single = name if name in owned else name.removesuffix("s")
        assert single in owned, f"{name}: put one of these into everything()"
        return [owned[single]] if schema.get("type") == "array" else owned[single]
    if "enum" in schema:
        return schema["enum"][0]
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    kind = schema.get("type")
    if kind == "array":
        least = max(schema.get("minItems", 1), 1)
        return [value_of(name.removesuffix("s"), schema.get("items", {}), owned)] * least
    if kind == "object":
        wanted = schema.get("required", [])
        inner = schema.get("properties", {})
        return {key: value_of(key, inner.get(key, {}), owned) for key in wanted}
    if kind in {"integer", "number"}:
        return max(schema.get("minimum", 1), 1)
    return {"boolean": True, "null": None}.get(str(kind), TEXTS.get(name, "x1"))


def arguments_of(schema: dict[str, Any], owned: dict[str, str], *, more: bool) -> dict[str, Any]:
    """What is required; with `more` also all ids, and texts that a change needs one of."""
    wanted = set(schema.get("required", []))
    if more:
        properties = schema.get("properties", {})
        wanted |= {name for name in properties if ID.search(name)}
        wanted |= {"description", "baseUrl"} & properties.keys()
    return {name: value_of(name, schema["properties"][name], owned) for name in sorted(wanted)}


async def outcome(agent: Agent, tool: str, arguments: dict[str, Any]) -> tuple[str, str]:
    """Code of the refusal (empty for none), and all that was answered."""
    try:
        answer = await agent.call(tool, arguments)
    except CallFailedError as error:
        return str(error.answer.get("code")), json.dumps(error.answer)
    return "", json.dumps(answer)


async def test_no_tool_gives_or_changes_what_is_anothers(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await snapshot(world)
    wrong: list[tuple[str, ...]] = []
    async with connected(world.server.url, FormSignIn("eve", PASSWORD)) as eve:
        capsys.readouterr()
        for name, tool in world.registry.tools.items():
            schema = dict(tool.definition["inputSchema"])
            names_something = any(ID.search(each) for each in schema.get("required", []))
            codes = []
            for more in (False, True):
                arguments = arguments_of(schema, world.owned, more=more)
                code, answer = await outcome(eve, name, arguments)
                codes.append(code)
                if MARK in answer:
                    wrong.append((name, "shows it", answer))
            if names_something and not (
                "not_found" in codes and set(codes) <= {"not_found", "invalid_argument"}
            ):
                wrong.append((name, *codes, answer))
    assert not wrong, "\n".join(" ".join(each)[:500] for each in wrong)
    told = capsys.readouterr()
    assert MARK not in told.out + told.err
    assert await snapshot(world) == before


async def test_the_refusals_are_for_the_ids_and_not_for_the_arguments(world: World) -> None:
    """The same arguments reach what they name when its owner sends them, for tools that read."""
    failed = []
    async with connected(world.server.url, FormSignIn("demo", PASSWORD)) as owner:
        for name, tool in world.registry.tools.items():
            if not tool.definition["annotations"]["readOnlyHint"]:
                continue
            schema = dict(tool.definition["inputSchema"])
            arguments = arguments_of(schema, world.owned, more=False)
            parts = {"actionId", "filename", "timestamp"} & arguments.keys()
            if parts or "itemId" in schema["properties"]:
                continue  # parts of what never ran
            code, answer = await outcome(owner, name, arguments)
            if code in {"invalid_argument", "forbidden"} or (code and "no longer" in answer):
                failed.append((name, arguments, answer[:300]))
    assert failed == []


async def test_no_page_shows_what_is_anothers(world: World) -> None:
    """All addresses of the router, with the other's ids in them."""
    jar = aiohttp.CookieJar(unsafe=True)
    origin, seen, tried = world.server.origin, [], 0
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        sign_in = f"{origin}/ui/access/login"
        async with session.get(sign_in) as answer:
            found = FORM_TEXT.search(await answer.text())
        assert found
        form = {"form": found[1], "username": "eve", "password": PASSWORD, "next": "/ui/"}
        async with session.post(sign_in, data=form) as answer:
            assert answer.status == 200
        for route in pages.routes():
            if route.method != "GET" or "{" not in route.path or "static" in route.path:
                continue
            names = {**world.owned, "ruleId": world.owned["correlationRuleId"]}
            others = {"grantId": "none", "clientId": "none", "version": "1", "filename": "f"}
            async with session.get(origin + route.path.format(**names, **others)) as answer:
                text = await answer.text()
            tried += 1
            if answer.status != 404 or MARK in text:
                seen.append((route.path, answer.status))
    assert seen == []
    assert tried > 15


async def snapshot(world: World) -> list[Any]:
    """All that the first user has."""
    found = []
    for kind in ("workspace", "project", "virtual_user", "http_server", "variable"):
        found += await world.platform.documents.list(kind, user_id=world.owned["userId"])
    for kind in ("correlation_rule", "scenario", "bench_result", "bench_report"):
        found += await world.platform.documents.list(kind, user_id=world.owned["userId"])
    return [(each.kind, each.id, each.version, each.body) for each in found]
