"""Routes that an operator renames by file."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from octoperf_mcp.cli.main import run
from octoperf_mcp.config import UpstreamSettings
from octoperf_mcp.errors import ConfigError
from octoperf_mcp.registry.context import Caller
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.upstream.calls import GET_PROJECT
from octoperf_mcp.upstream.client import RestClient
from octoperf_mcp.upstream.routes import load_routes

REGISTRY = load_registry()
CALLER = Caller("u1", "c1", frozenset(), "t0ken", 0)


def file(folder: Path, text: str) -> str:
    path = folder / "routes.toml"
    path.write_text(text, "utf-8")
    return str(path)


async def test_a_renamed_route_is_what_is_called(tmp_path: Path) -> None:
    routes = load_routes(
        file(
            tmp_path,
            "[discovery]\n"
            'list_projects = "POST /v2/projects?of={workspaceId}"\n'
            'list_public_providers = "GET /v2/providers?kind=public"\n'
            '[core]\nget_project = "GET /v2/projects/{id}"\n',
        ),
        REGISTRY.routes,
    )
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.raw_path}")
        return web.json_response([])

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    calls = REGISTRY.routes["discovery"]
    async with TestServer(app) as server:
        client = RestClient(str(server.make_url("")).rstrip("/"), routes, UpstreamSettings())
        await client.call(calls["list_projects"], CALLER, {"workspace_id": "w/1"})
        await client.call(calls["list_public_providers"], CALLER, {"workspace_id": "w1"})
        await client.call(GET_PROJECT, CALLER, {"id": "p1"})
        await client.call(calls["list_workspaces"], CALLER, {})
        await client.close()
    assert asked == [
        "POST /v2/projects?of=w%2F1",
        "GET /v2/providers?kind=public&workspaceId=w1",
        "GET /v2/projects/p1",
        "GET /workspaces/member-of",
    ]


async def test_an_optional_call_that_has_a_route_is_offered(tmp_path: Path) -> None:
    name, call = next(
        (name, call) for name, call in REGISTRY.routes["edit"].items() if call.optional
    )
    text = f'[edit]\n{name} = "{call.method} /v2{call.path}"\n'
    client = RestClient(
        "http://127.0.0.1:1", load_routes(file(tmp_path, text), REGISTRY.routes), UpstreamSettings()
    )
    assert client.offered(()) == {call.endpoint}
    await client.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[discover]\nx = "GET /"\n', r"no plugin \[discover\]; did you mean 'discovery'"),
        (
            '[discovery]\nlist_project = "GET /"\n',
            "no route 'list_project'; did you mean 'list_projects'",
        ),
        (
            '[discovery]\nlist_projects = "GET /x/{workspaceID}"\n',
            r"no placeholder \{workspaceID\}; did you mean '\{workspaceId\}'",
        ),
        ('[discovery]\nlist_workspaces = "GET /x/{id}"\n', r"no placeholder \{id\}; it has none"),
        ('[discovery]\nlist_projects = "GET /x"\n', r"leaves out \{workspaceId\}"),
        ('[discovery]\nlist_workspaces = "GETS /x"\n', "one of GET, .*did you mean 'GET'"),
        ('[discovery]\nlist_workspaces = "/x"\n', "a method and a path, such as 'GET /work"),
        ("[discovery]\nlist_workspaces = 1\n", "a method and a path"),
        ('[edit]\nsubmit_task = "GET /tasks"\n', "carries no body"),
        ("discovery = 1\n", "must be a table"),
        ("[discovery\n", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_what_to_write(
    tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = file(tmp_path, text)
    with pytest.raises(ConfigError, match=said):
        load_routes(named, REGISTRY.routes)
    (tmp_path / "c.toml").write_text(
        f"[upstream]\nurl = 'https://x.example'\nroutes_file = '{named}'\n", "utf-8"
    )
    assert run(["config", "check", "--config", str(tmp_path / "c.toml")]) == 2
    assert "routes.toml" in capsys.readouterr().err


def test_what_config_routes_prints_can_be_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", "routes"]) == 0
    printed = capsys.readouterr().out
    assert 'list_projects = "GET /design/projects/by-workspace/{workspaceId}/DESIGN"' in printed
    table = load_routes(file(tmp_path, printed), REGISTRY.routes)
    assert {call.endpoint for call in table} == {call.endpoint for call in table.values()}


def test_every_call_of_a_built_in_plugin_has_a_name() -> None:
    unnamed = [
        name for calls in REGISTRY.routes.values() for name in calls if not name.isidentifier()
    ]
    assert unnamed == []
