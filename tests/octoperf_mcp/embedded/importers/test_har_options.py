"""The options as they come over the wire."""

import pytest

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.har_options import HarOptions, Step


def test_defaults_block_ads_remove_resources_and_keep_think_times() -> None:
    assert HarOptions.from_wire({}) == HarOptions(
        block_ads=True, keep_resources=False, delays=False, max_thinktime_ms=None, timeline=()
    )
    empty = {"adBlocking": "", "resources": "", "thinktime": "", "maxThinktimeMs": ""}
    assert HarOptions.from_wire(empty, timeline=b" ") == HarOptions()


def test_every_option_is_read() -> None:
    query = {
        "adBlocking": "DISABLED",
        "resources": "KEEP_ALL",
        "thinktime": "DELAYS",
        "maxThinktimeMs": "2500",
    }
    timeline = b"""{"entries": [{"type": "DISABLED", "name": "B", "startTimestamp": 2},
        {"type": "ENABLED", "name": " A ", "startTimestamp": 1.5}]}"""
    assert HarOptions.from_wire(query, timeline=timeline, name=" Shop ") == HarOptions(
        name="Shop",
        block_ads=False,
        keep_resources=True,
        delays=True,
        max_thinktime_ms=2500,
        timeline=(Step("A", 1.5), Step("B", 2, enabled=False)),
    )


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"adBlocking": "YES"}, "adBlocking cannot be 'YES'. Use ENABLED or DISABLED."),
        ({"resources": "keep_all"}, "Use REMOVE or KEEP_ALL."),
        ({"thinktime": "NONE"}, "Use THINKTIMES or DELAYS."),
        ({"maxThinktimeMs": "-1"}, "whole milliseconds"),
        ({"maxThinktimeMs": "1.5"}, "whole milliseconds"),
        ({"maxThinktimeMs": "9" * 5000}, "whole milliseconds"),
        ({"maxThinktimeMs": "٣"}, "whole milliseconds"),
    ],
)
def test_a_value_that_means_nothing_is_refused_with_the_accepted_ones(
    query: dict[str, str], told: str
) -> None:
    with pytest.raises(ImportFailed) as refused:
        HarOptions.from_wire(query)
    assert told in refused.value.message


@pytest.mark.parametrize(
    ("timeline", "told"),
    [
        (b"{", "The containerTimeline is no JSON"),
        (b"[]", "needs `entries`"),
        (b'{"entries": []}', "needs `entries`"),
        (b'{"entries": [1]}', "Entry 0 of the containerTimeline has no type"),
        (b'{"entries": [{"type": "ENABLED"}]}', "has no name"),
        (b'{"entries": [{"type": "ENABLED", "name": "x"}]}', "has no startTimestamp"),
        (
            b'{"entries": [{"type": "ENABLED", "name": "x", "startTimestamp": true}]}',
            "has no startTimestamp",
        ),
    ],
)
def test_a_timeline_that_means_nothing_is_refused_with_an_example(
    timeline: bytes, told: str
) -> None:
    with pytest.raises(ImportFailed) as refused:
        HarOptions.from_wire({}, timeline=timeline)
    assert told in refused.value.message
    assert refused.value.next_step
