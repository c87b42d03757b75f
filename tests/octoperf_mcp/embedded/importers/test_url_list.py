"""Lists of addresses become requests, or steps of a browser, or a refusal that names each fault."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.url_list import MAX_URLS, import_urls, import_webdriver
from octoperf_mcp.entities.check import check

URLS = [
    "https://Shop.example/search?q=red+shoes&page",
    "http://shop.example:8080",
    "https://${host}/cart/${id}#top",
    "https://[::1]:8443/x",
    "https://bücher.example/",
]


def test_each_address_is_one_request_in_order() -> None:
    result = import_urls(URLS, "")
    (made,) = result.virtual_users
    check("virtual_user", {**made, "projectId": "p"})
    assert made["name"] == "shop.example"
    assert [one["path"] for one in made["children"]] == ["/search", "/", "/cart/${id}", "/x", "/"]
    assert made["children"][0]["parameters"] == [
        {"name": "q", "value": "red shoes", "equals": True, "encode": True},
        {"name": "page", "value": "", "equals": False, "encode": True},
    ]
    servers = [(one["protocol"], one["hostname"], one["port"]) for one in result.servers]
    assert servers == [
        ("HTTPS", "shop.example", 443),
        ("HTTP", "shop.example", 8080),
        ("HTTPS", "${host}", 443),
        ("HTTPS", "::1", 8443),
        ("HTTPS", "xn--bcher-kva.example", 443),
    ]
    assert (result.carried, result.dropped) == (5, [])


def test_a_browser_opens_each_address() -> None:
    (made,) = import_webdriver(URLS[:2], "Tour").virtual_users
    check("virtual_user", {**made, "projectId": "p"})
    assert (made["name"], made["type"]) == ("Tour", "WEB_DRIVER")
    assert [one["url"] for one in made["children"]] == URLS[:2]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("/cart", "begins with http"),
        ("ftp://shop.example/", "begins with http"),
        ("https://", "not valid"),
        ("https://shop.example:99999/", "port"),
        ("https://shop.example:0/", "port"),
        ("https://ada:pass@shop.example/", "credentials"),
        ("https://" + "ü" * 70 + ".example/", "host"),
        ("https://shop.example/" + "x" * 40_000, "longer than"),
    ],
)
def test_a_fault_names_its_place_and_all_is_refused(url: str, told: str) -> None:
    with pytest.raises(ImportFailed, match="urls\\[1\\]") as refused:
        import_urls(["https://shop.example/", url], "")
    assert told in refused.value.problem


@pytest.mark.parametrize("count", [0, MAX_URLS + 1])
def test_no_address_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(ImportFailed, match="1 to"):
        import_urls(["https://shop.example/"] * count, "")


@given(st.lists(st.text() | st.text(string.printable).map("https://".__add__), max_size=4))
def test_any_texts_become_a_virtual_user_or_a_refusal(urls: list[str]) -> None:
    try:
        (made,) = import_urls(urls, "").virtual_users
    except ImportFailed:
        return
    check("virtual_user", {**made, "projectId": "p"})
