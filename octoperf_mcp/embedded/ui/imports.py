"""The forms that import files and addresses by hand: what agents send people to."""

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid
from octoperf_mcp.embedded.importers.url_list import import_urls, import_webdriver
from octoperf_mcp.embedded.rest.import_files import import_upload
from octoperf_mcp.embedded.rest.import_keeping import keep
from octoperf_mcp.embedded.rest.uploads import Upload
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.embedded.ui import forms
from octoperf_mcp.embedded.ui.rendering import Page

FILES = (
    ("har", "HAR recording"),
    ("jmx", "JMeter test plan"),
    ("postman", "Postman collection"),
    ("playwright", "Playwright spec"),
    ("archive", "Archive of a virtual user"),
)
LISTS = {"urls": import_urls, "web-driver": import_webdriver}


def files(page: Page) -> list[tuple[str, str]]:
    """The kinds of files, those of plugins last, each with its name."""
    added = page.platform.extensions.importers
    return [*FILES, *((one.kind, one.name or one.kind) for one in added)]


async def run(page: Page, upload: Upload) -> web.StreamResponse:
    """Import what was sent; a page shows the virtual user, or the list of several."""
    await page.project()
    kind = upload.text("kind") or ""
    name = (upload.text("name") or "").strip()
    project_id, user_id = page.part("projectId"), page.user.user_id
    project = await page.platform.documents.get("project", project_id, user_id=user_id)
    if kind in LISTS:
        addresses = (upload.text("urls") or "").split()
        imported = LISTS[kind](addresses, name)
        kept = await keep(page.platform, imported, project, user_id=user_id)
    elif kind in dict(files(page)):
        query = {"name": name} if name else {}
        kept, _ = await import_upload(
            page.platform, kind, upload, project, user_id=user_id, query=query
        )
    else:
        why = page.platform.extensions.why_off("import", kind)
        raise Invalid(why or "Choose what kind of file it is.")
    await forms.note(page, f"import.{kind}", *(one.id for one in kept))
    return forms.onward(_target(page, kind, kept), "" if _one(kind, kept) else "imported")


def _one(kind: str, kept: list[Document]) -> bool:
    return len(kept) == 1 or kind == "archive"


def _target(page: Page, kind: str, kept: list[Document]) -> str:
    listing = f"{page.project_path}/design/virtual-user"
    return f"{listing}/{kept[-1].id}" if _one(kind, kept) else listing
