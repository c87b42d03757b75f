"""Resources and prompts of the suite."""

import json
from collections.abc import Mapping, Sequence

from octoperf_conformance.samples import PNG
from octoperf_mcp import (
    Block,
    Prompt,
    PromptArgument,
    Resource,
    ToolContext,
    form,
    image_block,
    resource_block,
    text_block,
)


async def _text(_ctx: ToolContext, _values: Mapping[str, str]) -> str:
    return "This is the content of the static text resource."


async def _watched(_ctx: ToolContext, _values: Mapping[str, str]) -> str:
    return "Watched resource content"


async def _binary(_ctx: ToolContext, _values: Mapping[str, str]) -> bytes:
    return PNG


async def _templated(_ctx: ToolContext, values: Mapping[str, str]) -> str:
    found = values["id"]
    return json.dumps({"id": found, "templateTest": True, "data": f"Data for ID: {found}"})


RESOURCES = (
    Resource(
        uri="test://static-text",
        name="static-text",
        title="Text",
        description="A text that never changes.",
        media_type="text/plain",
        read=_text,
    ),
    Resource(
        uri="test://static-binary",
        name="static-binary",
        title="Picture",
        description="A picture that never changes.",
        media_type="image/png",
        read=_binary,
    ),
    Resource(
        uri="test://watched-resource",
        name="watched-resource",
        title="Watched",
        description="A text that clients may watch.",
        media_type="text/plain",
        read=_watched,
    ),
    Resource(
        uri="test://template/{id}/data",
        name="template",
        title="Data by id",
        description="What stands under an id.",
        media_type="application/json",
        read=_templated,
    ),
)


def _embedded(values: Mapping[str, str]) -> Sequence[Block]:
    text = "Embedded resource content for testing."
    return (
        resource_block(values["resourceUri"], "text/plain", text),
        text_block("Please process the embedded resource above."),
    )


async def _asked(ctx: ToolContext, _values: Mapping[str, str]) -> str:
    properties = {"context": {"type": "string"}}
    question = form("What context should the prompt use?", properties, ("context",))
    answer = (await ctx.ask({"user_context": question}))["user_context"]
    return f"Use the following context: {(answer.get('content') or {}).get('context', '?')}"


PROMPTS = (
    Prompt(
        name="test_simple_prompt",
        title="Simple",
        description="A prompt without arguments.",
        arguments=(),
        render=lambda _: "This is a simple prompt for testing.",
    ),
    Prompt(
        name="test_prompt_with_arguments",
        title="With arguments",
        description="A prompt with two arguments.",
        arguments=(
            PromptArgument("arg1", "First.", required=True),
            PromptArgument("arg2", "Second.", required=True),
        ),
        render=lambda values: (
            f"Prompt with arguments: arg1='{values['arg1']}', arg2='{values['arg2']}'"
        ),
    ),
    Prompt(
        name="test_prompt_with_embedded_resource",
        title="With a resource",
        description="A prompt that holds a resource.",
        arguments=(PromptArgument("resourceUri", "Address of the resource.", required=True),),
        render=_embedded,
    ),
    Prompt(
        name="test_prompt_with_image",
        title="With a picture",
        description="A prompt that holds a picture.",
        arguments=(),
        render=lambda _: (
            image_block(PNG, "image/png"),
            text_block("Please analyze the image above."),
        ),
    ),
    Prompt(
        name="test_input_required_result_prompt",
        title="With a question",
        description="A prompt that asks the user first.",
        arguments=(),
        compose=_asked,
    ),
)
