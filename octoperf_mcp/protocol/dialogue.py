"""Asking the client in the middle of a call, the same for a tool in both eras.

A handshake client is sent a request on the call's own stream and the call waits. A stateless one
gets an `input_required` result and sends its request again with the answers; the handler then runs
anew from its start (2026-07-28, basic/patterns/mrtr). What it was told before travels in the
request state: sealed, and bound to the user, the method, all parameters and a time.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from octoperf_mcp.errors import InvalidParamsError, MissingCapabilityError, ToolError
from octoperf_mcp.protocol import jsonrpc, results
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.seals import Seal
from octoperf_mcp.protocol.versions import META_SERVER_INFO
from octoperf_mcp.registry.questions import Question, unfit_answer

STATE_LIFE_S: Final = 600
MAX_STATE_CHARS: Final = 256 * 1024
_ROUND: Final = frozenset(("_meta", "inputResponses", "requestState"))
"""Parameters that change from round to round."""


class InputRequired(Exception):  # noqa: N818 - an answer, no error
    """Ends a stateless request: the client has to answer these questions first."""

    def __init__(self, questions: Mapping[str, Question], heard: "Heard") -> None:
        super().__init__("input required")
        self.questions = questions
        self.heard = heard


@dataclass(slots=True)
class Heard:
    """Answers that came with a request.

    `proven` are the keys of those that were given to a question of ours for these very
    parameters; the others a client sent unasked.
    """

    answers: dict[str, Any]
    proven: set[str]


class Dialogue:
    """Asks, and remembers in the client's hands what was answered.

    Args:
        seal: For the request state.
        info: `serverInfo`.
        now: Epoch seconds.
    """

    def __init__(
        self, seal: Seal, info: Mapping[str, Any], now: Callable[[], float] = time.time
    ) -> None:
        self._seal = seal
        self._meta = {META_SERVER_INFO: dict(info)}
        self._now = now

    async def ask(
        self, exchange: Exchange, questions: Mapping[str, Question], *, proven: bool
    ) -> Mapping[str, Any]:
        """Answers by key; see `ToolContext.ask`."""
        needed: dict[str, Any] = {}
        for question in questions.values():
            if not question.fits(exchange.capabilities):
                needed |= question.needs
        if needed:
            raise MissingCapabilityError(
                f"This needs a client that declares {', '.join(needed)}.",
                data={"requiredCapabilities": needed},
            )
        if exchange.task is not None:
            return await exchange.task.ask(questions)
        if exchange.modern:
            return self._recall(exchange, questions, proven=proven)
        if exchange.ask_client is None:
            raise ToolError("The client takes no event stream, so it cannot be asked.")
        answers = {}
        for key, question in questions.items():
            answer = await exchange.ask_client(question.method, dict(question.params))
            if wrong := unfit_answer(question, answer):
                raise ToolError(f"The client's answer to {question.method} {wrong}.")
            answers[key] = answer
        return answers

    def reply(self, exchange: Exchange, signal: InputRequired) -> Reply:
        """The `input_required` result."""
        asked = list(signal.questions)
        state = [
            exchange.caller.subject,
            _digest(exchange),
            int(self._now()) + STATE_LIFE_S,
            signal.heard.answers,
            sorted(signal.heard.proven),
            asked,
        ]
        sealed = self._seal.seal(orjson.dumps(state))
        if len(sealed) > MAX_STATE_CHARS:
            failure = InvalidParamsError("The answers are too large to go on with.")
            told = jsonrpc.refusal(exchange.request.id_json, failure)
            return Reply(told, code=failure.rpc_code)
        members = {
            "resultType": "input_required",
            "inputRequests": {
                key: {"method": question.method, "params": question.params}
                for key, question in signal.questions.items()
            },
            "requestState": sealed,
            "_meta": self._meta,
        }
        return Reply(jsonrpc.result(exchange.request.id_json, orjson.dumps(members)))

    def _recall(
        self, exchange: Exchange, questions: Mapping[str, Question], *, proven: bool
    ) -> dict[str, Any]:
        heard = exchange.heard
        if heard is None:
            heard = exchange.heard = self._heard(exchange)
        known = heard.proven if proven else heard.answers.keys()
        missing = {key: question for key, question in questions.items() if key not in known}
        for key, question in questions.items():
            if key in known and (wrong := unfit_answer(question, heard.answers[key])):
                raise InvalidParamsError(f"inputResponses.{key[:200]} {wrong}.")
        if missing:
            raise InputRequired(missing, heard)
        return {key: heard.answers[key] for key in questions}

    def _heard(self, exchange: Exchange) -> Heard:
        params = results.params_of(exchange)
        responses = results.object_param(params, "inputResponses")
        sealed = params.get("requestState")
        if sealed is None:
            return Heard(dict(responses), set())
        answers, proven, asked = self._opened(exchange, sealed)
        given = {key: answer for key, answer in responses.items() if key in asked}
        return Heard({**answers, **given}, {*proven, *given})

    def _opened(self, exchange: Exchange, sealed: Any) -> tuple[dict[str, Any], list[str], Any]:
        plain = self._seal.open(sealed) if isinstance(sealed, str) else None
        if plain is None:
            raise InvalidParamsError("requestState is not one that this server gave.")
        subject, digest, expires_at, answers, proven, asked = orjson.loads(plain)
        if subject != exchange.caller.subject or digest != _digest(exchange):
            raise InvalidParamsError("requestState belongs to another request.")
        if expires_at <= self._now():
            raise InvalidParamsError("requestState has expired; send the request without it.")
        return answers, proven, asked


def _digest(exchange: Exchange) -> str:
    """Of the surface, the method and the parameters, without what a round adds."""
    params = results.params_of(exchange)
    kept = {key: value for key, value in params.items() if key not in _ROUND}
    request = [exchange.surface.name, exchange.request.method, kept]
    written = orjson.dumps(request, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(written).hexdigest()
