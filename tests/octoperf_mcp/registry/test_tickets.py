"""Tickets: presigned addresses with the exact command to use them."""

import shlex
from typing import Any

from octoperf_mcp import PRESIGN, PRESIGN_DOWNLOAD, RestCall, download_ticket, upload_ticket

UPLOAD = RestCall("POST", "/imports/har/{projectId}", query=("adBlocking", "resources"))
DOWNLOAD = RestCall("GET", "/design/project-files/{projectId}", query=("filename",))
ADDRESS = "https://octoperf.test/public/presigned/t0ken?a=1&b='2'"


class Context:
    """Answers presigning and nothing else."""

    def __init__(self) -> None:
        self.body: Any = None

    async def rest(self, call: RestCall, /, *, body: Any = None, **values: Any) -> Any:
        assert call is (PRESIGN_DOWNLOAD if body["method"] == "GET" else PRESIGN)
        assert not values
        self.body = body
        return {"url": ADDRESS, "method": body["method"], "expiresAt": 1767225600000}


async def test_an_upload_ticket_names_the_call_it_stands_for_and_the_command() -> None:
    context: Any = Context()
    ticket = await upload_ticket(
        context,
        UPLOAD,
        media_type="application/json",
        suffix=".har",
        then="It answers the virtual user.",
        page_url="https://octoperf.test/ui",
        project_id="p/1",
        ad_blocking="ENABLED",
        resources=None,
    )
    assert context.body == {
        "method": "POST",
        "path": "/imports/har/p%2F1",
        "query": {"adBlocking": "ENABLED"},
    }
    assert (ticket.url, ticket.method) == (ADDRESS, "POST")
    assert ticket.expires_at == "2026-01-01T00:00:00Z"
    curl = next(line for line in ticket.instructions.splitlines() if line.startswith("curl"))
    assert shlex.split(curl) == [
        "curl", "-sS", "-X", "POST", "-F", "file=@PATH.har;type=application/json", ADDRESS,
    ]  # fmt: skip
    assert "It answers the virtual user." in ticket.instructions


async def test_a_download_ticket_keeps_names_of_others_out_of_its_instructions() -> None:
    context: Any = Context()
    ticket = await download_ticket(
        context,
        DOWNLOAD,
        page_url="https://octoperf.test/ui",
        project_id="p1",
        filename="x; rm -rf ~",
    )
    assert context.body["query"] == {"filename": "x; rm -rf ~"}
    assert "rm -rf" not in ticket.instructions
    curl = next(line for line in ticket.instructions.splitlines() if line.startswith("curl"))
    assert shlex.split(curl) == ["curl", "-sS", "-f", "-o", "PATH", ADDRESS]
