"""What master and workers of a run share: names of user classes and of their messages.

Locust registers workers, watches their heartbeats and tells each how many users of which class to
hold. When those users play is decided by the generator itself (`crew`), to the millisecond.
"""

from collections.abc import Iterator

LAYOUT = "octoperf_layout"
"""Master to worker: {index, count, start_ms, since_ms}; arrivals are shared so from `since_ms`."""
PARTY = "octoperf_party"
"""Master to worker: {which, until_ms, grace_ms}: play the set-ups or tear-downs of the profiles."""
PARTY_OVER = "octoperf_party_over"
"""Worker to master: {which}."""
WIND_UP = "octoperf_wind_up"
"""Master to worker: {grace_ms}."""
WOUND_UP = "octoperf_wound_up"
"""Worker to master: everything is written."""
FINISHED_USERS = "octoperf_finished_users"
"""Worker to master: {count}: users that have nothing left to do."""
STOP_TEST = "octoperf_stop_test"
"""Worker to master: {now}: an error policy ends the test."""

ARRIVED = "arrived"
"""Worker to service: {profiles}: by index, what became of the arrivals (`Arrived.message`)."""


def class_name(profile: int) -> str:
    """Name of the user class of a profile."""
    return f"Profile{profile}"


def profile_of(name: str) -> int:
    """The profile of a user class."""
    return int(name.removeprefix("Profile"))


def share(total: int, index: int, count: int, profile: int) -> int:
    """How many of `total` users belong to generator `index` of `count`; as `crew` numbers them."""
    own = (index - profile) % count
    return max(0, (total - own + count - 1) // count)


def shares(total: int, count: int, profile: int) -> Iterator[int]:
    """The share of each generator; they add up to `total`."""
    return (share(total, index, count, profile) for index in range(count))
