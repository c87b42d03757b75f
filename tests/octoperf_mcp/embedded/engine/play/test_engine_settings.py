"""Engine blocks whose settings are not applied say so, setting by setting."""

from typing import Any

import pytest

from octoperf_mcp.embedded.engine.play.engine_settings import not_applied
from octoperf_mcp.entities.engines import engine_for

THINK = {"thinkTime": {"thinktime": {"@type": "ThinktimeConstant", "value": 1}}}


@pytest.mark.parametrize("kind", ["JMETER", "WEB_DRIVER", "PLAYWRIGHT"])
def test_the_default_engine_of_each_type_is_applied_whole(kind: str) -> None:
    assert not_applied(engine_for(kind) or {}, kind) == []


@pytest.mark.parametrize(
    ("more", "told", "types"),
    [
        ({"bandwidth": {"bitsPerSecond": 1000}}, "its bandwidth", {"WEB_DRIVER", "PLAYWRIGHT"}),
        ({"dns": {"staticHosts": {"a": "b"}}}, "its static hosts", {"WEB_DRIVER", "PLAYWRIGHT"}),
        ({"browser": {"userAgent": "x"}}, "its browser block", {"WEB_DRIVER", "PLAYWRIGHT"}),
        ({"settings": THINK}, "its think time", {"WEB_DRIVER"}),
        ({"properties": {"map": {"a": "b"}}}, "its properties", {"PLAYWRIGHT"}),
        ({"dns": {"servers": ["::1"]}}, "its DNS servers", {"JMETER", "WEB_DRIVER", "PLAYWRIGHT"}),
    ],
)
def test_a_setting_that_is_not_applied_is_told(
    more: dict[str, Any], told: str, types: set[str]
) -> None:
    for kind in ("JMETER", "WEB_DRIVER", "PLAYWRIGHT"):
        found = not_applied((engine_for(kind) or {}) | more, kind)
        assert [one.startswith(told) for one in found] == [True] * (kind in types)
