"""Pages of `docs/` say what the code says, and their links lead somewhere."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from octoperf_mcp.cli.main import COMMANDS
from tests.documentation import pages

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN = pages()
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
OUTSIDE = ROOT / "tests" / "snapshots" / "external_links.txt"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("name", WRITTEN)
def test_a_page_made_from_code_is_up_to_date(name: str) -> None:
    page = DOCS / name
    if os.environ.get("UPDATE_SNAPSHOTS"):
        page.write_text(WRITTEN[name], encoding="utf-8")
    assert page.read_text(encoding="utf-8") == WRITTEN[name]


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text).strip().lower().replace(" ", "-") for text in headings}


def links() -> Iterator[tuple[Path, str]]:
    """Those within the repository."""
    for page in PAGES:
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            if not urlsplit(target).scheme:
                yield page, target


@pytest.mark.parametrize(
    ("page", "target"), [pytest.param(*link, id=f"{link[0].name}-{link[1]}") for link in links()]
)
def test_a_link_leads_to_a_file_and_a_heading(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    assert file.exists()
    assert not anchor or anchor in anchors(file)


def test_links_that_lead_outside_are_listed() -> None:
    """Nobody fetches them here: the list is for people to look through, and shows what is new."""
    found = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        targets = [*LINK.findall(text), *re.findall(r"<(https?://[^>\s]+)>", text)]
        found |= {target for target in targets if urlsplit(target).scheme in {"http", "https"}}
    listed = "".join(f"{target}\n" for target in sorted(found))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        OUTSIDE.write_text(listed, encoding="utf-8")
    assert OUTSIDE.read_text(encoding="utf-8") == listed
    assert "http://" not in listed


def test_the_picture_of_the_system_has_every_room() -> None:
    page = (DOCS / "README.md").read_text(encoding="utf-8")
    told = page.partition("## The system in one picture")[2]
    rooms = [
        *(folder.name for folder in (ROOT / "octoperf_mcp").iterdir()),
        *(folder.name for folder in (ROOT / "octoperf_mcp" / "embedded").iterdir()),
        *(folder.name.removeprefix("octoperf_") for folder in (ROOT / "plugins").iterdir()),
    ]
    folders = {name for name in rooms if re.fullmatch("[a-z]+", name)}
    words = set(re.findall(r"[a-z]+", told))
    assert folders - words == {"conformance"}, "a plugin of the protocol's suite, off by default"


def test_every_page_is_reached_from_the_first_one() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} == {
        target.partition("#")[0] for target in LINK.findall(index) if "/" not in target
    }
    assert "(docs/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`octoperf-mcp {name}" not in readme] == []
