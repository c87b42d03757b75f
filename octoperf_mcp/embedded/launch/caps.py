"""The one plan of this platform: what the machine that it runs on may be asked for."""

import os
from dataclasses import dataclass
from typing import Any

from octoperf_mcp.config import EmbeddedSettings
from octoperf_mcp.embedded.engine.browsers.tools import browser_faults

ID = "sub_this_machine"
NAME = "This machine"

USERS_PER_MB = 1
"""Half a megabyte of a user, in half of the memory; measured: 1,000 users in under 500 MB."""
_BROWSER_MB = 1024
"""Of one browser user; measured: 400 MB of Chromium and 220 MB of the runner at play."""
_MOST_PROFILES = 100
_FALLBACK_MB = 2048


@dataclass(frozen=True, slots=True)
class Caps:
    """What one run may be at most."""

    users: int
    duration_sec: int
    profiles: int
    browsers: int
    runs: int
    """Runs at a time; more wait for their turn."""

    @classmethod
    def of(cls, settings: EmbeddedSettings) -> "Caps":
        """Those that are configured, else those of the machine."""
        return cls(
            users=settings.most_users or _memory_mb() * USERS_PER_MB,
            duration_sec=settings.longest_run_min * 60,
            profiles=_MOST_PROFILES,
            browsers=_browsers(settings),
            runs=max(2, os.cpu_count() or 1),
        )

    def subscription(self) -> dict[str, Any]:
        """The plan, as `GET /subscriptions/active` lists it; nothing counts its runs."""
        return {
            "id": ID,
            "name": NAME,
            "status": "active",
            "maxConcurrentUsers": self.users,
            "maxRealBrowserUsers": self.browsers,
            "maxProfilesPerScenario": self.profiles,
            "maxTestDurationSec": self.duration_sec,
            "maxTestsPerRun": 1,
            "remainingTests": None,
        }

    def matching_plan(self, users: int) -> dict[str, Any]:
        """The plan as it fits a scenario of so many users."""
        return {
            **self.subscription(),
            "subscriptionId": ID,
            "allocatedUsers": users,
            "parallelRunsSupported": max(1, min(self.runs, self.users // max(users, 1))),
        }


def _browsers(settings: EmbeddedSettings) -> int:
    """A core each, and a gigabyte each in half of the memory; none where they cannot run."""
    if browser_faults(settings):
        return 0
    if settings.most_browsers > 0:
        return settings.most_browsers
    return max(1, min(os.cpu_count() or 1, _memory_mb() // 2 // _BROWSER_MB))


def _memory_mb() -> int:
    try:
        found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (OSError, ValueError):  # not every system tells
        return _FALLBACK_MB
    return max(100, found // 100 * 100)
