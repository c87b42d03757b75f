"""Engine block of a user profile, by type of virtual user.

Source: the values that abstracta/jmeter-java-dsl sends; blocks of the browser engines from the
skill scenario-composition.
"""

from typing import Any

ARRIVALS = "UserProfileLoadArrivals"
"""The load of our own: open arrival, which the original does not have."""
BROWSERS = frozenset({"WEB_DRIVER", "PLAYWRIGHT"})
"""Types of virtual users that drive a real browser; their profiles have one user."""


def engine_for(virtual_user_type: str) -> dict[str, Any] | None:
    """A complete engine with the platform's defaults; None for a type that cannot be loaded."""
    if virtual_user_type == "JMETER":
        return _jmeter()
    if virtual_user_type == "WEB_DRIVER":
        return {
            "@type": "SeleniumUserProfileEngine",
            "settings": _settings(),
            "bandwidth": _bandwidth(),
        }
    if virtual_user_type == "PLAYWRIGHT":
        return {
            "@type": "PlaywrightUserProfileEngine",
            "settings": _settings(),
            "device": None,
            "timeoutMs": 30_000,
            "baseURL": None,
            "slowMoMs": 0,
        }
    return None


def _jmeter() -> dict[str, Any]:
    return {
        "@type": "JmeterUserProfileEngine",
        "settings": _settings(),
        "bandwidth": _bandwidth(),
        "browser": {
            "name": "AS_RECORDED",
            "userAgent": "",
            "cache": {
                "cacheSize": 5000,
                "clearCacheOnEachIteration": True,
                "useCacheControlHeaders": False,
            },
            "cookies": {"clearOnEachIteration": True, "policy": "STANDARD"},
            "downloadResources": None,
            "keepAlive": None,
        },
        "dns": {"clearEachIteration": False, "servers": [], "staticHosts": {}},
        "jtl": {"type": "ALL", "settings": []},
        "properties": {"map": {}},
    }


def _settings() -> dict[str, Any]:
    return {
        "errorHandling": "CONTINUE",
        "thinkTime": {"thinktime": None, "pacing": None},
        "externalLiveReporting": {
            "@type": "JmeterExternalLiveReportingSettings",
            "listeners": [],
            "queueSize": 5000,
        },
        "setUp": None,
        "tearDown": None,
    }


def _bandwidth() -> dict[str, Any]:
    return {"name": "UNLIMITED", "bitsPerSecond": 0}
