"""What all tests share."""

import os
from collections.abc import Generator

import hypothesis
import pytest

from tests import canary

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
    if report.passed:
        written = "\n".join(text for _, text in report.sections)
        if found := canary.leaks(written):
            report.outcome = "failed"
            report.longrepr = f"secrets in what the test wrote: {sorted(set(found))}\n{written}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _canaries() -> Generator[None]:
    """Every secret that a test makes or gives is looked for in what tests write."""
    with pytest.MonkeyPatch.context() as patch:
        canary.watch(patch)
        yield
