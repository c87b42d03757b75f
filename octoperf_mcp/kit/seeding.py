"""A run that has ended, for tests of tools that read results."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from octoperf_mcp.demo.shop import start_shop
from octoperf_mcp.kit.playing import loaded

if TYPE_CHECKING:
    from octoperf_mcp.kit.running import Client, Platform

USERS: Final = 2
HOLD_S: Final = 2


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run of two users and two seconds; its report; pages of its target and their addresses.

    `found` answered with success, `missing` with 404, each several times.
    """

    project_id: str
    virtual_user_id: str
    scenario_id: str
    bench_result_id: str
    report_id: str
    found: str
    missing: str


def played(platform: "Platform") -> FinishedRun:
    """Play load against a shop on this machine, and wait for its end.

    Raises:
        RuntimeError: the run did not finish.
    """
    shop = platform.portal.call(start_shop)
    try:
        with platform.client() as client:
            return _played(client, platform, f"{shop.url}/", f"{shop.url}/product/none")
    finally:
        platform.portal.call(shop.close)


def _played(client: "Client", platform: "Platform", found: str, missing: str) -> FinishedRun:
    user = client.call(
        "import_urls_virtual_user", urls=[found, missing], projectId=platform.project_id
    )
    run = loaded(client, platform, user["id"], users=USERS, seconds=HOLD_S)
    return FinishedRun(
        platform.project_id,
        user["id"],
        run.scenario_id,
        run.bench_result_id,
        run.report_id,
        found,
        missing,
    )
