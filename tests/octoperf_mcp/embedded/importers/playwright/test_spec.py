"""Specs that are kept as they are, and files that are none."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.playwright.spec import (
    MAX_BYTES,
    import_playwright,
    spec_name,
)
from octoperf_mcp.entities.check import check
from octoperf_mcp.entities.imported import Imported

SHOP = (Path(__file__).parent / "specs" / "shop.spec.ts").read_bytes()
SMALL = b"import { test } from '@playwright/test';\ntest('opens', async ({ page }) => {});\n"


def imported(data: bytes, filename: str = "shop.spec.ts", name: str = "") -> Imported:
    result = import_playwright(data, filename=filename, name=name)
    (made,) = result.virtual_users
    check("virtual_user", {**made, "projectId": "p"})
    return result


def refused(data: bytes) -> str:
    with pytest.raises(ImportFailed) as caught:
        import_playwright(data)
    return caught.value.message


def told(body: str) -> list[tuple[str, str]]:
    """What the report says of a spec with this body."""
    result = imported(SMALL + body.encode())
    return [(note.path, note.reason) for note in (*result.dropped, *result.changed)]


def test_the_file_is_kept_byte_for_byte_in_one_action() -> None:
    (made,) = imported(SHOP).virtual_users
    (action,) = made["children"]
    assert (made["name"], made["type"]) == ("shop", "PLAYWRIGHT")
    assert (action["@type"], action["filename"]) == ("PlaywrightSpecAction", "shop.spec.ts")
    assert action["content"].encode() == SHOP


def test_tests_are_counted_where_they_are_declared_and_not_in_comments_or_texts() -> None:
    result = imported(SHOP)
    assert result.carried == 3
    assert [(one.path, one.reason.partition(":")[0]) for one in result.dropped] == [
        ("line 37", "test.fixme")
    ]


def test_the_report_names_what_one_file_does_not_bring() -> None:
    result = imported(SHOP)
    assert [(one.path, one.reason.split()[0]) for one in result.changed] == [
        ("line 3", "imports"),
        ("line 4", "imports"),
        ("line 19", "goes"),
        ("line 10", "reads"),
        ("line 15", "storageState"),
        ("line 29", "toHaveScreenshot"),
        ("line 34", "setInputFiles"),
    ]
    description = result.virtual_users[0]["description"]
    assert "3 tests" in description
    assert "'./helpers/sign-in'" in description


def test_a_base_url_in_the_file_answers_relative_addresses() -> None:
    assert told("test('b', async ({ page }) => { await page.goto('/a'); });") == [
        (
            "line 3",
            (
                "goes to a relative address: set baseURL of the user profile's engine, "
                "or test.use({ baseURL: … }) in the file"
            ),
        )
    ]
    base = "test.use({ baseURL: 'https://a.example' });"
    assert told(f"{base} test('b', async ({{ page }}) => {{ await page.goto('/a'); }});") == []


def test_only_shuts_the_other_tests_out_and_is_told() -> None:
    assert told("test.only('b', async () => {});") == [
        ("test.only", "the tests without it do not run")
    ]


def test_the_old_way_of_importing_is_known() -> None:
    spec = b"const { test } = require('@playwright/test');\ntest('a', async () => {});"
    assert imported(spec, "a.spec.js").carried == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("shop.spec.ts", "shop.spec.ts"),
        ("folder/cart.test.js", "cart.test.js"),
        ("C:\\tests\\shop.spec.ts", "shop.spec.ts"),
        ("../../etc/x.spec.ts", "x.spec.ts"),
        ("shop.ts", "shop.spec.ts"),
        ("blob", "blob.spec.ts"),
        ("", "imported.spec.ts"),
        ("..", "imported.spec.ts"),
        ("a b;rm.txt", "a-b-rm.spec.ts"),
        ("x" * 300 + ".spec.ts", "x" * 100 + ".spec.ts"),
    ],
)
def test_the_file_gets_a_name_that_the_runner_finds(given: str, kept: str) -> None:
    assert spec_name(given) == kept
    (made,) = imported(SMALL, given, "Named").virtual_users
    assert (made["name"], made["children"][0]["filename"]) == ("Named", kept)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (SMALL.decode().encode("utf-16"), "UTF-16"),
        (SMALL + b"// \xff", "not UTF-8"),
        (SMALL + b" " * MAX_BYTES, "larger than"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"\x1f\x8brest", "gzip"),
        (b'{"log": {}}', "JSON"),
        (b"<!DOCTYPE html><title>Sign in</title>", "web page"),
        (b"<?xml version='1.0'?><jmeterTestPlan/>", "XML"),
        (b"\x89PNG\r\n\0\0", "binary"),
        (b"from playwright.sync_api import expect", "Python"),
        (b"describe('x', () => { cy.visit('/'); });", "nothing from @playwright/test"),
        (b"import http from 'k6/http'; export default function () {}", "k6 script"),
        (b"import p from 'puppeteer'; test('a', () => {});", "Puppeteer"),
        (b"import { test } from '@playwright/test'; export { test };", "no test("),
        (
            b"import { defineConfig } from '@playwright/test'; export default defineConfig({});",
            "configuration",
        ),
    ],
)
def test_what_is_no_spec_is_refused_with_what_it_is(data: bytes, what: str) -> None:
    assert what in refused(data)


@pytest.mark.parametrize("end", [560, 700, 1100, len(SHOP) - 10])
def test_a_spec_that_was_cut_short_is_refused_with_the_line(end: int) -> None:
    assert "cut short" in refused(SHOP[:end])


def test_a_bracket_is_no_reason_to_refuse_where_reading_was_unsure() -> None:
    assert imported(SMALL + b'if (a) /re"[(]/.exec(b);\n').carried == 1


@pytest.mark.parametrize("mark", ["(", "`${", "/*", "'", "/", "\\", "`", "import ", "test("])
def test_deep_nesting_and_long_lines_are_read_to_their_end(mark: str) -> None:
    with contextlib.suppress(ImportFailed):
        imported(SMALL + (mark * (100_000 // len(mark))).encode())


@given(st.integers(0, len(SHOP)), st.binary(max_size=8))
def test_a_cut_or_overwritten_spec_is_imported_or_refused(at: int, junk: bytes) -> None:
    for data in (SHOP[:at], SHOP[:at] + junk + SHOP[at + len(junk) :]):
        with contextlib.suppress(ImportFailed):
            imported(data)
