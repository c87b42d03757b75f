"""Questions to the client in the middle of a call, the same tools for both eras."""

import json
from typing import Any, Final

from octoperf_mcp import Content, Question, ToolContext, form, roots, sampling, text_block, tool

NAME: Final = {"name": {"type": "string"}}
_OK: Final = {"ok": {"type": "boolean"}}
_TITLED: Final = [
    {"const": "low", "title": "Low Priority"},
    {"const": "medium", "title": "Medium Priority"},
    {"const": "high", "title": "High Priority"},
]
_MULTI: Final = [
    {"const": "feature", "title": "New Feature"},
    {"const": "bug", "title": "Bug Fix"},
    {"const": "docs", "title": "Documentation"},
]


def ask_name(message: str = "What is your name?") -> Question:
    """The form with one name."""
    return form(message, NAME, ("name",))


def _said(text: str) -> Content:
    return Content((text_block(text),))


def _form_result(prefix: str, answer: dict[str, Any]) -> Content:
    content = json.dumps(answer.get("content") or {})
    return _said(f"{prefix}: action={answer['action']}, content={content}")


def field_of(answer: dict[str, Any], name: str) -> str:
    """One field of a filled-in form."""
    return str((answer.get("content") or {}).get(name, "?"))


@tool(title="Ask the model", read_only=True)
async def test_sampling(ctx: ToolContext, prompt: str) -> Content:
    """Let the client's model answer.

    Args:
        prompt: What it is asked.
    """
    answer = (await ctx.ask({"answer": sampling(prompt, 100)}))["answer"]
    return _said(f"LLM response: {answer['content'].get('text', 'No response')}")


@tool(title="Ask the user", read_only=True)
async def test_elicitation(ctx: ToolContext, message: str) -> Content:
    """Let the user answer.

    Args:
        message: What they are asked.
    """
    properties = {"response": {"type": "string", "description": "User's response"}}
    asked = {"answer": form(message, properties, ("response",))}
    return _form_result("User response", (await ctx.ask(asked))["answer"])


@tool(title="A form with defaults", read_only=True)
async def test_elicitation_sep1034_defaults(ctx: ToolContext) -> Content:
    """Ask with a default of each primitive type."""
    status = {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"}
    properties = {
        "name": {"type": "string", "description": "User name", "default": "John Doe"},
        "age": {"type": "integer", "description": "User age", "default": 30},
        "score": {"type": "number", "description": "User score", "default": 95.5},
        "status": {**status, "description": "User status"},
        "verified": {"type": "boolean", "description": "Verification", "default": True},
    }
    asked = {"answer": form("Please provide user information", properties)}
    return _form_result("Elicitation result", (await ctx.ask(asked))["answer"])


@tool(title="A form with choices", read_only=True)
async def test_elicitation_sep1330_enums(ctx: ToolContext) -> Content:
    """Ask with each way to write a choice."""
    rights = {"type": "string", "enum": ["read", "write", "execute"]}
    properties = {
        "untitledSingle": {"type": "string", "enum": ["active", "inactive", "pending"]},
        "titledSingle": {"type": "string", "oneOf": _TITLED},
        "untitledMulti": {"type": "array", "items": rights},
        "titledMulti": {"type": "array", "items": {"anyOf": _MULTI}},
        "legacyEnum": {
            "type": "string",
            "enum": ["small", "medium", "large"],
            "enumNames": ["Small Size", "Medium Size", "Large Size"],
        },
    }
    asked = {"answer": form("Please select values using different enum schema types", properties)}
    return _form_result("Elicitation completed", (await ctx.ask(asked))["answer"])


@tool(title="Needs a model", read_only=True)
async def test_missing_capability(ctx: ToolContext) -> Content:
    """Refuse clients that offer no model."""
    await ctx.ask({"greeting": sampling("Say hello", 50)})
    return _said("Client declared sampling capability; proceeding.")


@tool(title="Ask without a request", read_only=True)
async def test_streaming_elicitation(ctx: ToolContext) -> Content:
    """Ask for a name."""
    answer = (await ctx.ask({"user_name": ask_name()}))["user_name"]
    return _said(f"Hello, {field_of(answer, 'name')}!")


@tool(title="One question", read_only=True)
async def test_input_required_result_elicitation(ctx: ToolContext) -> Content:
    """Greet by name."""
    answer = (await ctx.ask({"user_name": ask_name()}))["user_name"]
    return _said(f"Hello, {field_of(answer, 'name')}!")


@tool(title="One question to the model", read_only=True)
async def test_input_required_result_sampling(ctx: ToolContext) -> Content:
    """Ask for a capital."""
    question = sampling("What is the capital of France?", 100)
    answer = (await ctx.ask({"capital_question": question}))["capital_question"]
    return _said(f"Model said: {answer['content'].get('text', '?')}")


@tool(title="Ask for folders", read_only=True)
async def test_input_required_result_list_roots(ctx: ToolContext) -> Content:
    """Count the roots."""
    answer = (await ctx.ask({"client_roots": roots()}))["client_roots"]
    return _said(f"Client exposed {len(answer['roots'])} root(s).")


@tool(title="A question that must have been put", read_only=True)
async def test_input_required_result_request_state(ctx: ToolContext) -> Content:
    """Take a confirmation only with its state."""
    await ctx.ask({"confirm": form("Please confirm", _OK, ("ok",))}, proven=True)
    return _said("state-ok: confirmation received")


@tool(title="Three questions at once", read_only=True)
async def test_input_required_result_multiple_inputs(ctx: ToolContext) -> Content:
    """Ask user, model and roots."""
    questions = {
        "user_name": ask_name(),
        "greeting": sampling("Generate a greeting", 50),
        "client_roots": roots(),
    }
    await ctx.ask(questions, proven=True)
    return _said("All inputs received.")


@tool(title="Two rounds", read_only=True)
async def test_input_required_result_multi_round(ctx: ToolContext) -> Content:
    """Ask for a name, then for a colour."""
    first = {"step1": ask_name("Step 1: What is your name?")}
    name = field_of((await ctx.ask(first, proven=True))["step1"], "name")
    colour = form("Step 2: What is your favorite color?", {"color": {"type": "string"}}, ("color",))
    answer = (await ctx.ask({"step2": colour}, proven=True))["step2"]
    return _said(f"{name} likes {field_of(answer, 'color')}.")


@tool(title="A state that was tampered with", read_only=True)
async def test_input_required_result_tampered_state(ctx: ToolContext) -> Content:
    """Refuse a state that is not ours."""
    await ctx.ask({"confirm": form("Please confirm", _OK, ("ok",))}, proven=True)
    return _said("state-ok")


@tool(title="Only what can be asked", read_only=True)
async def test_input_required_result_capabilities(ctx: ToolContext) -> Content:
    """Ask only what the client declared."""
    questions = {"sample": sampling("Say hello", 50), "ask": ask_name()}
    fitting = {key: question for key, question in questions.items() if ctx.can_ask(question)}
    await ctx.ask(fitting)
    return _said(f"Asked: {', '.join(fitting)}")
