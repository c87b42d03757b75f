"""`completion/complete` (server/utilities/completion)."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import orjson

from octoperf_mcp.errors import InvalidParamsError, NotFoundError
from octoperf_mcp.protocol import jsonrpc, results
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.prompts import Prompts
from octoperf_mcp.protocol.resources import Resources
from octoperf_mcp.protocol.tools import MakeContext, check_scope
from octoperf_mcp.registry.assets import Completion, Resource
from octoperf_mcp.registry.context import ToolContext
from octoperf_mcp.registry.tools import READ

MAX_VALUES: Final = 100


class Completions:
    """Proposes values for arguments of prompts and variables of resource templates."""

    def __init__(
        self,
        resources: Resources,
        prompts: Prompts,
        make_context: MakeContext,
        info: Mapping[str, Any],
        live: Mapping[str, Completion],
    ) -> None:
        self._live = live
        self._resources = resources
        self._prompts = prompts
        self._make_context = make_context
        self._end = results.modern_tail(info)

    def complete(self, exchange: Exchange) -> Reply | Coroutine[Any, Any, Reply]:
        """Answer the values that start with what was typed.

        Raises:
            InvalidParamsError: the reference or its argument is unknown.
        """
        params = results.params_of(exchange)
        ref = results.object_param(params, "ref")
        argument = results.object_param(params, "argument")
        name = results.text_param(argument, "name")
        prefix = results.text_param(argument, "value")
        context = results.object_param(params, "context")
        known = results.object_param(context, "arguments")
        texts = {key: value for key, value in known.items() if isinstance(value, str)}
        texts |= exchange.surface.pins
        kind = ref.get("type")
        if kind == "ref/prompt":
            return self._for_prompt(exchange, results.text_param(ref, "name"), name, prefix, texts)
        if kind != "ref/resource":
            raise InvalidParamsError("params.ref.type must be ref/prompt or ref/resource.")
        complete = self._template(results.text_param(ref, "uri"), name).complete
        if complete is None:
            return self._reply(exchange, ())
        return self._ask(exchange, lambda context: complete(context, name, prefix, texts))

    def _for_prompt(
        self, exchange: Exchange, prompt: str, name: str, prefix: str, known: Mapping[str, str]
    ) -> Reply | Coroutine[Any, Any, Reply]:
        choices = self._prompts.choices(prompt, name)
        live = self._live.get(name)
        if not choices and live is not None:
            return self._ask(exchange, lambda context: live.complete(context, prefix, known))
        start = prefix.casefold()
        return self._reply(exchange, [v for v in choices if v.casefold().startswith(start)])

    def _template(self, uri: str, variable: str) -> Resource:
        found = self._resources.template(uri)
        if found is None:
            raise InvalidParamsError(f"There is no template {uri[:200]}.", data={"uri": uri})
        template, resource = found
        if variable not in template.variables:
            raise InvalidParamsError(
                f"{template.text} has no variable {variable[:200]}.",
                data={"allowed": list(template.variables)},
            )
        return resource

    async def _ask(
        self, exchange: Exchange, complete: Callable[[ToolContext], Awaitable[Sequence[str]]]
    ) -> Reply:
        check_scope(exchange.caller, READ)
        try:
            found = await complete(self._make_context(exchange))
        except NotFoundError:  # an argument that is known already leads nowhere
            found = ()
        return self._reply(exchange, found)

    def _reply(self, exchange: Exchange, values: Sequence[str]) -> Reply:
        completion = {
            "values": list(values[:MAX_VALUES]),
            "total": len(values),
            "hasMore": len(values) > MAX_VALUES,
        }
        body = orjson.dumps({"completion": completion})[:-1]
        tail = self._end if exchange.modern else b""
        return Reply(jsonrpc.result(exchange.request.id_json, body + tail + b"}"))
