"""The files of a project: listed, downloaded, and uploaded by hand."""

from urllib.parse import quote

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.rest.uploads import Upload, attachment_headers
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.ui import forms
from octoperf_mcp.embedded.ui.rendering import Cell, Page, Table, when

_AREA = "design/project-file"


async def listing(page: Page) -> web.StreamResponse:
    """Files with the CSV variables that read them, and a form for another one."""
    found = await _files(page).list(page.part("projectId"), user_id=page.user.user_id)
    readers: dict[str, list[str]] = {}
    for body in await page.of_project("variable"):
        readers.setdefault(str(body["variable"].get("filename")), []).append(body["name"])
    here = f"{page.project_path}/{_AREA}"
    rows = [
        (
            Cell(file.name, f"{here}/download?filename={quote(file.name, safe='')}"),
            Cell(f"{file.size:,} bytes"),
            Cell(when(file.modified)),
            Cell(", ".join(readers.get(file.name, ()))),
        )
        for file in found
    ]
    table = Table("Files", ("Name", "Size", "Changed", "CSV variables"), rows, "No file yet.")
    return await page.show_in_project(
        "project_files.html",
        _AREA,
        heading="Project files",
        sub="Data of CSV variables, bodies and thresholds",
        tables=[table],
        action=here,
        form_text=page.platform.identity.anti_forgery(page.request),
        done=forms.DONE.get(page.request.query.get("done", ""), ""),
    )


async def put(page: Page, upload: Upload) -> web.StreamResponse:
    """Keep what was sent; a file of the same name is replaced."""
    await page.project()
    part = upload.file()
    name = (upload.text("filename") or "").strip() or part.filename
    if not name:
        raise Invalid("Choose a file.")
    kept = await _files(page).put(
        page.part("projectId"),
        name,
        part.file,
        content_type=part.content_type,
        user_id=page.user.user_id,
    )
    await forms.note(page, "project-file.put", kept.name)
    return forms.onward(f"{page.project_path}/{_AREA}", "file-kept")


async def download(page: Page) -> web.StreamResponse:
    """The bytes of a file: saved, never shown."""
    name = page.request.query.get("filename", "")
    files = _files(page)
    file = await files.get(page.part("projectId"), name, user_id=page.user.user_id)
    headers = {**attachment_headers(file.name), "Cache-Control": "no-store"}
    answer = web.StreamResponse(headers=headers)
    answer.content_type = "application/octet-stream"
    answer.content_length = file.size
    await answer.prepare(page.request)
    async for part in files.parts(file):
        await answer.write(part)
    await answer.write_eof()
    return answer


def _files(page: Page) -> ProjectFiles:
    return ProjectFiles(page.platform.database, page.platform.blobs)
