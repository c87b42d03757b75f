"""The verdict on one request: assertions, status, and in a validation the recorded status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from octoperf_mcp.embedded.engine.actions.assertions import Assertion
from octoperf_mcp.embedded.engine.actions.ko_matrix import is_ok
from octoperf_mcp.embedded.engine.wire.exchange import Exchange

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.play.session import Check, UserSession

FIRST_ERROR = 400
"""Statuses from here on are KO by themselves."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the request is OK, what its assertions found, and why it is not."""

    ok: bool
    checks: Sequence["Check"]
    message: str


class Judge:
    """Judges the answers to one request.

    Args:
        assertions: Those of the request and of its containers.
        recorded: The response of the recording.
        validating: The answer is compared with the recorded status, unless an assertion on the
            response takes its place.
    """

    def __init__(
        self,
        assertions: Sequence[Assertion],
        recorded: Mapping[str, Any] | None,
        *,
        validating: bool,
    ) -> None:
        self._assertions = assertions
        self._assumes_success = any(each.assumes_success for each in assertions)
        self._by_matrix = validating and not any(each.replaces_matrix for each in assertions)
        status = (recorded or {}).get("status")
        self._recorded = None if status is None else int(status)

    def judge(self, session: "UserSession", exchange: Exchange) -> Verdict:
        """The verdict on the last answer; earlier hops and resources are looked at by scope."""
        if not exchange.status or exchange.failure:
            return Verdict(False, (), exchange.failure)
        checks = [each.check(session, exchange) for each in self._assertions]
        failed = [check for check in checks if not check.ok]
        if failed:
            return Verdict(False, checks, failed[0].message)
        if self._by_matrix:
            return self._compared(exchange, checks)
        if exchange.status >= FIRST_ERROR and not self._assumes_success:
            return Verdict(False, checks, f"{exchange.status} {exchange.reason}".strip())
        return Verdict(True, checks, "")

    def _compared(self, exchange: Exchange, checks: Sequence["Check"]) -> Verdict:
        """By the KO matrix; a followed redirect may equal the recording by its first answer."""
        answers = [exchange, *[hop for hop in exchange.hops if not hop.is_challenge][:1]]
        if any(is_ok(answer.status, self._recorded) for answer in answers) and not (
            exchange.status >= FIRST_ERROR
        ):
            return Verdict(True, checks, "")
        live = f"{exchange.status} {exchange.reason}".strip()
        was = "nothing was recorded" if self._recorded is None else f"recorded {self._recorded}"
        return Verdict(False, checks, f"{live}, {was}")


def part_is_ok(part: Exchange) -> bool:
    """Whether a redirect, a resource or an answered challenge is as it should be."""
    return part.is_challenge or 0 < part.status < FIRST_ERROR


def part_message(part: Exchange) -> str:
    """Why it is not."""
    if part.failure or part.is_challenge:
        return part.failure
    return f"{part.status} {part.reason}".strip() if part.status >= FIRST_ERROR else ""
