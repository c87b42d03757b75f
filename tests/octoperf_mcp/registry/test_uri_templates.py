"""RFC 6570, simple expansion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.errors import PluginError
from octoperf_mcp.registry.uri_templates import UriTemplate

segments = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\"), min_size=1
).filter(lambda text: text not in {".", ".."})


@given(segments, segments)
def test_what_is_expanded_is_matched_back(first: str, second: str) -> None:
    template = UriTemplate("octoperf://a/{one}/b/{two}.json")
    uri = template.expand(one=first, two=second)
    found = template.match(uri)
    assert found is not None
    assert UriTemplate(template.text).expand(**found) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "x://a/",
        "x://a/b/c",
        "x://a/b?c",
        "x://a/..",
        "x://a/%2e%2E",
        "x://a/.",
        "x://a/b%2fc",
        "x://a/b%5Cc",
        "x://a/b%00",
        "x://a/b%0A",
        "x://a/%C3",
        "x://a/b\n",
        "y://a/b",
    ],
)
def test_values_that_leave_their_segment_do_not_match(uri: str) -> None:
    assert UriTemplate("x://a/{v}").match(uri) is None


def test_values_are_decoded_once() -> None:
    assert UriTemplate("x://a/{v}").match("x://a/%2541") == {"v": "%41"}


@pytest.mark.parametrize("text", ["x://{a}/{a}", "x://{+a}", "x://{a,b}", "x://{}", "x://{a*}"])
def test_more_than_simple_variables_stop_the_start(text: str) -> None:
    with pytest.raises(PluginError):
        UriTemplate(text)
