"""Deleting servers: what goes along is told before and after."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from octoperf_edit.http_server_deletion import (
    delete_http_server,
    delete_unused_http_servers,
    list_http_server_usages,
)
from octoperf_mcp.errors import NotFoundError

if TYPE_CHECKING:
    from tests.plugins.conftest import FakeContext

Maker = Callable[..., "FakeContext"]
PLUGIN = "octoperf_edit"
GET = "GET /design/http-servers/s1"
USAGES = "GET /design/http-servers/usages/s1"
DELETE = "DELETE /design/http-servers/s1"
LIST = "GET /design/http-servers/by-project/p1"
SEVERAL = "POST /design/http-servers/by-project/p1"
PROJECT = "https://octoperf.test/ui/workspace/w1/project/p1/design"
USED = [{"httpServerId": "s1", "virtualUserId": "v1", "name": "Checkout", "requests": 7}]


def server(**more: Any) -> dict[str, Any]:
    made = {"id": "s1", "projectId": "p1", "protocol": "HTTPS", "hostname": "shop.test"}
    return {**made, "port": 443, **more}


async def test_usages_name_the_virtual_users_and_count_their_requests(context: Maker) -> None:
    ctx = context(PLUGIN, {GET: server(), USAGES: USED})
    found = await ctx.run(list_http_server_usages, {"httpServerId": "s1", "projectId": "p1"})
    assert found["usedBy"] == [
        {"id": "v1", "name": "Checkout", "requests": 7, "url": f"{PROJECT}/virtual-user/v1"}
    ]
    assert (found["total"], found["requests"], found["baseUrl"]) == (1, 7, "https://shop.test")
    assert found["next"] == "delete_http_server would delete 7 requests."
    assert found["url"] == f"{PROJECT}/http-server/s1"


async def test_a_server_of_another_project_is_refused(context: Maker) -> None:
    ctx = context(PLUGIN, {GET: server(), USAGES: []})
    arguments = {"httpServerId": "s1", "projectId": "p2"}
    error = await ctx.refuse(list_http_server_usages, arguments)
    assert error.details["field"] == "projectId"


async def test_a_deletion_tells_the_requests_that_went_along(context: Maker) -> None:
    ctx = context(PLUGIN, {GET: server(), USAGES: USED, DELETE: None})
    found = await ctx.run(delete_http_server, {"httpServerId": "s1"})
    assert ctx.lines == [GET, USAGES, DELETE]
    assert (found["deletedRequests"], found["url"]) == (7, f"{PROJECT}/http-server")


async def test_an_unknown_server_is_not_deleted(context: Maker) -> None:
    ctx = context(PLUGIN, {GET: NotFoundError("404", status=404)})
    error = await ctx.refuse(delete_http_server, {"httpServerId": "s1"})
    assert error.next_step == "Take httpServerId from list_http_servers_by_project."
    assert ctx.lines == [GET]


async def test_only_unused_servers_are_deleted_together(context: Maker) -> None:
    idle = server(id="s2", hostname="old.test")
    answers = {
        LIST: [server(), idle],
        USAGES: USED,
        "GET /design/http-servers/usages/s2": [],
        SEVERAL: None,
    }
    ctx = context(PLUGIN, answers)
    found = await ctx.run(delete_unused_http_servers, {"projectId": "p1"})
    assert ctx.body_of(SEVERAL) == [idle]
    assert (found["deleted"], found["total"], found["kept"]) == (["https://old.test"], 1, 1)


async def test_nothing_is_called_where_all_servers_are_used(context: Maker) -> None:
    ctx = context(PLUGIN, {LIST: [server()], USAGES: USED})
    found = await ctx.run(delete_unused_http_servers, {"projectId": "p1"})
    assert (found["total"], found["kept"]) == (0, 1)
