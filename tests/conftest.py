"""What all tests share."""

import os
from collections.abc import Generator

import hypothesis
import pytest

hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")

NO_SKIP = "OCTOPERF_MCP_TESTS_NO_SKIP"
"""Set where everything that a test may need is installed: a skip is then a failure."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if os.environ.get(NO_SKIP) and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although {NO_SKIP} is set: {report.longrepr}"
    return report
