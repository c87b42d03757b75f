"""What a tool can ask the client in the middle of a call: the user, the model, the roots.

2025-11-25 and 2026-07-28, client/elicitation, client/sampling, client/roots.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """A request to the client, and the capability that it must have declared."""

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    mode: str = ""

    @property
    def needs(self) -> dict[str, Any]:
        """The capability, in the shape in which clients declare it."""
        name = self.method.partition("/")[0]
        return {name: {self.mode: {}} if self.mode == "url" else {}}

    def fits(self, capabilities: Mapping[str, Any]) -> bool:
        """Whether a client with these capabilities can be asked.

        An empty `elicitation` stands for forms alone.
        """
        declared = capabilities.get(self.method.partition("/")[0])
        if not isinstance(declared, dict):
            return False
        return not self.mode or self.mode in declared or (self.mode == "form" and not declared)


def form(message: str, properties: Mapping[str, Any], required: tuple[str, ...] = ()) -> Question:
    """Ask the user to fill in a flat form; the answer is `{action, content?}`.

    `action` is accept, decline or cancel; `properties` are primitive JSON Schemas by name. Never
    ask for secrets this way.
    """
    schema: dict[str, Any] = {"type": "object", "properties": dict(properties)}
    if required:
        schema["required"] = list(required)
    params = {"message": message, "requestedSchema": schema}
    return Question("elicitation/create", params, mode="form")


def sampling(prompt: str, max_tokens: int) -> Question:
    """Ask the client's model; the answer is `{role, content, model, stopReason?}`."""
    message = {"role": "user", "content": {"type": "text", "text": prompt}}
    return Question("sampling/createMessage", {"messages": [message], "maxTokens": max_tokens})


def roots() -> Question:
    """Ask for the folders the user works in; the answer is `{roots: [{uri, name?}]}`."""
    return Question("roots/list")


def unfit_answer(question: Question, answer: Any) -> str:
    """What is wrong with a client's answer; empty for nothing."""
    if not isinstance(answer, dict):
        return "must be an object"
    if question.method == "elicitation/create":
        if answer.get("action") not in {"accept", "decline", "cancel"}:
            return "needs an action: accept, decline or cancel"
        return "" if isinstance(answer.get("content", {}), dict) else "content must be an object"
    member, kind = ("roots", list) if question.method == "roots/list" else ("content", dict | list)
    return "" if isinstance(answer.get(member), kind) else f"lacks {member}"
