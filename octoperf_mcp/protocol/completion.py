"""`completion/complete` (server/utilities/completion)."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

import orjson

from octoperf_mcp.errors import InvalidParamsError
from octoperf_mcp.protocol import jsonrpc, results
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.prompts import Prompts
from octoperf_mcp.protocol.resources import Resources
from octoperf_mcp.protocol.tools import MakeContext, check_scope
from octoperf_mcp.registry.assets import Resource
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
    ) -> None:
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
        kind = ref.get("type")
        if kind == "ref/prompt":
            choices = self._prompts.choices(results.text_param(ref, "name"), name)
            start = prefix.casefold()
            return self._reply(exchange, [v for v in choices if v.casefold().startswith(start)])
        if kind != "ref/resource":
            raise InvalidParamsError("params.ref.type must be ref/prompt or ref/resource.")
        resource = self._template(results.text_param(ref, "uri"), name)
        if resource.complete is None:
            return self._reply(exchange, ())
        texts = {key: value for key, value in known.items() if isinstance(value, str)}
        return self._ask(exchange, resource, name, prefix, texts)

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
        self,
        exchange: Exchange,
        resource: Resource,
        name: str,
        prefix: str,
        known: Mapping[str, str],
    ) -> Reply:
        check_scope(exchange.caller, READ)
        context = self._make_context(exchange)
        if resource.complete is None:
            return self._reply(exchange, ())
        return self._reply(exchange, await resource.complete(context, name, prefix, known))

    def _reply(self, exchange: Exchange, values: Sequence[str]) -> Reply:
        completion = {
            "values": list(values[:MAX_VALUES]),
            "total": len(values),
            "hasMore": len(values) > MAX_VALUES,
        }
        body = orjson.dumps({"completion": completion})[:-1]
        tail = self._end if exchange.modern else b""
        return Reply(jsonrpc.result(exchange.request.id_json, body + tail + b"}"))
