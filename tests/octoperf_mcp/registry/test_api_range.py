"""The range of API versions that a plugin declares."""

import pytest

from octoperf_mcp import API_VERSION
from octoperf_mcp.errors import PluginError
from octoperf_mcp.registry.api_range import check_range


@pytest.mark.parametrize("declared", [">=1,<2", ">=1.0", "==1.2", "> 1.1, != 1.3", "<=1.2"])
def test_a_range_that_holds_the_version_is_taken(declared: str) -> None:
    assert check_range(declared, "1.2") == declared


@pytest.mark.parametrize("declared", [">=2", "<1.2", ">=1,<1.2", "==1", "!=1.2"])
def test_a_range_without_the_version_is_refused_with_both(declared: str) -> None:
    with pytest.raises(PluginError, match=r"needs the plugin API .*, and this is 1\.2"):
        check_range(declared, "1.2")


@pytest.mark.parametrize("declared", ["", "1", "~=1.0", ">=1.0.0", ">=one", 1, [], ">=1,"])
def test_what_is_no_range_is_refused_with_an_example(declared: object) -> None:
    with pytest.raises(PluginError, match="octoperf_mcp_api"):
        check_range(declared, "1.2")


def test_a_plugin_may_declare_nothing() -> None:
    assert check_range(None) == ""
    assert check_range(">=1.0,<2", API_VERSION)
