"""Every example plan of Apache JMeter itself, as its users have them."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.entities.imported import Imported

Import = Callable[..., Imported]
ARCHIVE = Path(__file__).parent / "apache" / "plans.zip"


def plans() -> dict[str, bytes]:
    with zipfile.ZipFile(ARCHIVE) as opened:
        return {name: opened.read(name) for name in opened.namelist() if name.endswith(".jmx")}


PLANS = plans()
EMPTY = "xdocs/demos/ProxyServerTestPlan.jmx"


def test_there_are_all_of_them() -> None:
    assert len(PLANS) == 32


@pytest.mark.parametrize("name", sorted(PLANS.keys() - {EMPTY}))
def test_an_example_plan_of_jmeter_is_imported(imported: Import, name: str) -> None:
    result = imported(PLANS[name])
    assert result.virtual_users
    assert result.carried > 0


def test_the_one_that_plays_nothing_is_refused(imported: Import) -> None:
    with pytest.raises(ImportFailed, match="nothing that plays"):
        imported(PLANS[EMPTY])
