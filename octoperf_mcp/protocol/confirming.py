"""Asking before a tool destroys, stops or spends: a person, or by wanting a second call.

This keeps mistakes from happening, not attackers out: a client may answer for its user.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import orjson

from octoperf_mcp.errors import (
    STORE_RETRY_S,
    ConflictError,
    InvalidArgumentError,
    StoreUnavailableError,
    ToolError,
    UnavailableError,
)
from octoperf_mcp.protocol.relay import Relay
from octoperf_mcp.protocol.seals import Seal
from octoperf_mcp.registry.confirmations import Confirm, Stake
from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.questions import form
from octoperf_mcp.registry.tools import Tool

Mode = Literal["ask", "always", "never"]
"""`ask` people whose clients can; `always` want a token of the others; `never`."""

TOKEN: Final = "confirmToken"  # noqa: S105 - the name of an argument
LIFE_S: Final = 300


class DeclinedError(ToolError):
    """The user said no."""

    code = "declined"


class ConfirmationRequiredError(ToolError):
    """The call has to be sent a second time, with the token."""

    code = "confirmation_required"


class Confirming:
    """Asks before calls.

    Args:
        mode: When.
        seal: For the tokens.
        relay: Where tokens are remembered that were used.
        now: Epoch seconds.
    """

    def __init__(
        self, mode: Mode, seal: Seal, relay: Relay, now: Callable[[], float] = time.time
    ) -> None:
        self._mode = mode
        self._seal = seal
        self._relay = relay
        self._now = now

    def wanted(self, tool: Tool) -> bool:
        """Whether calls of a tool may be asked about."""
        destructive = bool(tool.definition["annotations"]["destructiveHint"])
        if self._mode == "always":
            return destructive
        return self._mode == "ask" and destructive and tool.confirm is not None

    @property
    def takes_tokens(self) -> bool:
        """Whether a second call can confirm the first."""
        return self._mode == "always"

    async def check(
        self, context: ToolContext, tool: Tool, arguments: Mapping[str, Any], token: Any
    ) -> None:
        """Return when the call may be made.

        Args:
            context: Of the call.
            tool: What is called.
            arguments: Checked, without the token.
            token: As it was sent, None when it was not.

        Raises:
            DeclinedError: the user said no.
            ConfirmationRequiredError: the call has to be sent again with the token.
        """
        can_ask = context.can_ask(form("", {}))
        if not can_ask and not self.takes_tokens:
            return
        confirm = tool.confirm or Confirm(f"{tool.title}: go on?")
        stake = await confirm.stake(context, arguments)
        if token is not None:
            await self._redeem(context, tool, arguments, stake, token)
        elif can_ask:
            await _ask(context, confirm, arguments, stake)
        else:
            raise self._required(context, tool, arguments, stake)

    def _required(
        self, context: ToolContext, tool: Tool, arguments: Mapping[str, Any], stake: Stake
    ) -> ConfirmationRequiredError:
        bound = [*_bound(context, tool, arguments), stake.revision, int(self._now()) + LIFE_S]
        return ConfirmationRequiredError(
            stake.question,
            next_step="Nothing was done. Ask the user; only if they agree, send the same call "
            f"with this {TOKEN} within five minutes.",
            details={TOKEN: self._seal.seal(orjson.dumps(bound))},
        )

    async def _redeem(
        self,
        context: ToolContext,
        tool: Tool,
        arguments: Mapping[str, Any],
        stake: Stake,
        token: Any,
    ) -> None:
        plain = self._seal.open(token) if isinstance(token, str) else None
        if plain is None:
            raise _refused("is none that this server gave")
        *bound, revision, expires_at = orjson.loads(plain)
        if bound != _bound(context, tool, arguments):
            raise _refused("belongs to another call")
        if expires_at <= self._now():
            raise _refused("has expired")
        if revision != stake.revision:
            raise _refused("is about an earlier state: what it was given for has changed since")
        used = f"confirmed/{hashlib.sha256(token.encode()).hexdigest()}"
        try:
            fresh = await self._relay.put(used, b"1", LIFE_S, only_new=True)
        except StoreUnavailableError as error:
            raise UnavailableError(
                f"Whether this {TOKEN} was used cannot be looked up now, so nothing was done.",
                next_step=f"Send the same call with the same {TOKEN} again in a few seconds.",
                retry_after_s=STORE_RETRY_S,
            ) from error
        if not fresh:
            raise _refused("was used already")


async def _ask(
    context: ToolContext, confirm: Confirm, arguments: Mapping[str, Any], stake: Stake
) -> None:
    # the key is that of the state which the question is about: once it changed, it is asked anew
    key = f"confirm-{stake.revision[:16]}"
    answers = await context.ask({key: form(stake.question, {})}, proven=True)
    if answers[key].get("action") != "accept":
        raise DeclinedError(
            "The user did not agree, so nothing was done.",
            next_step="Ask the user what to do instead; do not send the call again unasked.",
        )
    if stake.revision and (await confirm.stake(context, arguments)).revision != stake.revision:
        raise ConflictError(
            "What the user was asked about changed in the meantime, so nothing was done.",
            next_step="Send the call again.",
        )


def _bound(context: ToolContext, tool: Tool, arguments: Mapping[str, Any]) -> list[str]:
    written = orjson.dumps(dict(arguments), option=orjson.OPT_SORT_KEYS)
    return [context.caller.subject, tool.name, hashlib.sha256(written).hexdigest()]


def _refused(why: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"This {TOKEN} {why}.",
        field=TOKEN,
        next_step=f"Send the call without {TOKEN} for a new one.",
    )
