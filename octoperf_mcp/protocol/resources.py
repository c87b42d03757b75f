"""`resources/list`, `resources/templates/list`, `resources/read` (server/resources).

A public file with a `resource_uri` is a resource with the very same bytes.
"""

import base64
from collections.abc import Coroutine, Mapping
from typing import Any, Final

import orjson

from octoperf_mcp.errors import InvalidParamsError, NotFoundError, PluginError
from octoperf_mcp.protocol import jsonrpc, results
from octoperf_mcp.protocol.exchange import Exchange, Reply
from octoperf_mcp.protocol.pagination import Listing
from octoperf_mcp.protocol.prepared import Prepared
from octoperf_mcp.protocol.skills import Skills
from octoperf_mcp.protocol.tools import MakeContext, check_scope
from octoperf_mcp.registry.assets import PublicAsset, Resource
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.registry.tools import READ
from octoperf_mcp.registry.uri_templates import UriTemplate

_OLDER_SKILL: Final = "octoperf://skills/octoperf-"
_SKILL: Final = "octoperf://skills/"
"""The first generation of guides wrote skills both ways (reference, resources-and-prompts 1.1)."""


class Resources:
    """What can be read.

    Raises:
        PluginError: two resources share an address.
    """

    def __init__(
        self,
        registry: Registry,
        make_context: MakeContext,
        info: Mapping[str, Any],
        skills: Skills,
    ) -> None:
        self._make_context = make_context
        assets = _assets(registry)
        self._assets = {**assets, **skills.assets}
        self._fixed = {item.uri: item for item in registry.resources if not item.is_template}
        both = self._assets.keys() & self._fixed.keys()
        if both:
            raise PluginError(f"the resource {min(both)!r} is registered twice")
        templates = [item for item in registry.resources if item.is_template]
        matched = [(UriTemplate(item.uri), item) for item in templates]
        self._templates = sorted(matched, key=lambda pair: -pair[0].literal_chars)
        self._public_tail = results.modern_tail(info, ttl_ms=results.CATALOGUE_TTL_MS)
        self._private_tail = results.modern_tail(info, ttl_ms=0, scope="private")
        self._prepared: dict[tuple[bool, str], Prepared] = {}
        listed = {
            **{uri: _asset_entry(asset) for uri, asset in assets.items()},
            **{asset.resource_uri: _asset_entry(asset) for asset in skills.listed},
            **{uri: _entry("uri", item) for uri, item in self._fixed.items()},
        }
        self.listing = Listing(
            "resources", [listed[uri] for uri in sorted(listed)], modern_tail=self._public_tail
        )
        self.template_listing = Listing(
            "resourceTemplates",
            [_entry("uriTemplate", item) for item in templates],
            modern_tail=self._public_tail,
        )

    def read(self, exchange: Exchange) -> Reply | Coroutine[Any, Any, Reply]:
        """Answer one resource; what is public comes from memory.

        Raises:
            InvalidParamsError: nothing has this address.
        """
        uri = results.text_param(results.params_of(exchange), "uri")
        asset = self._assets.get(_current(uri))
        if asset is not None:
            return self._read_asset(exchange, uri, asset)
        resource, values = self._find(uri)
        return self._read_resource(exchange, uri, resource, values)

    async def check(self, exchange: Exchange, uri: str) -> None:
        """See that there is such a resource and that the caller may read it.

        Raises:
            InvalidParamsError: nothing has this address. Others are those of reading it.
        """
        if _current(uri) not in self._assets:
            resource, values = self._find(uri)
            await self._read_resource(exchange, uri, resource, values)

    def template(self, text: str) -> tuple[UriTemplate, Resource] | None:
        """The template of exactly this text."""
        return next((pair for pair in self._templates if pair[0].text == text), None)

    def _find(self, uri: str) -> tuple[Resource, Mapping[str, str]]:
        fixed = self._fixed.get(uri)
        if fixed is not None:
            return fixed, {}
        for template, resource in self._templates:
            values = template.match(uri)
            if values is not None:
                return resource, values
        raise _missing(uri)

    def _read_asset(self, exchange: Exchange, uri: str, asset: PublicAsset) -> Reply:
        key = (exchange.modern, uri)
        prepared = self._prepared.get(key)
        if prepared is None:
            tail = self._public_tail if exchange.modern else b""
            contents = _contents(uri, _media_type(asset), asset.content)
            prepared = self._prepared[key] = Prepared(contents + tail + b"}")
        return prepared.reply(exchange)

    async def _read_resource(
        self, exchange: Exchange, uri: str, resource: Resource, values: Mapping[str, str]
    ) -> Reply:
        check_scope(exchange.caller, READ)
        try:
            content = await resource.read(self._make_context(exchange), values)
        except NotFoundError as error:
            raise _missing(uri) from error
        tail = self._private_tail if exchange.modern else b""
        body = _contents(uri, resource.media_type, content, resource.meta) + tail + b"}"
        return Reply(jsonrpc.result(exchange.request.id_json, body))


def _assets(registry: Registry) -> dict[str, PublicAsset]:
    found: dict[str, PublicAsset] = {}
    for asset in registry.public_assets.values():
        if asset.resource_uri in found:
            raise PluginError(f"the resource {asset.resource_uri!r} is registered twice")
        if asset.resource_uri:
            found[asset.resource_uri] = asset
    return found


def _current(uri: str) -> str:
    return _SKILL + uri.removeprefix(_OLDER_SKILL) if uri.startswith(_OLDER_SKILL) else uri


def _missing(uri: str) -> InvalidParamsError:
    return InvalidParamsError(f"There is no resource {uri[:200]}.", data={"uri": uri})


def _media_type(asset: PublicAsset) -> str:
    return asset.media_type.partition(";")[0].strip()


def _asset_entry(asset: PublicAsset) -> bytes:
    entry = {
        "uri": asset.resource_uri,
        "name": asset.path.rpartition(".")[0] or asset.path,
        "title": asset.title,
        "description": asset.description,
        "mimeType": _media_type(asset),
        "size": len(asset.content),
    }
    return orjson.dumps({key: value for key, value in entry.items() if value != ""})


def _entry(address: str, resource: Resource) -> bytes:
    entry = {
        address: resource.uri,
        "name": resource.name,
        "title": resource.title,
        "description": resource.description,
        "mimeType": resource.media_type,
    }
    return orjson.dumps({key: value for key, value in entry.items() if value != ""})


def _contents(
    uri: str, media_type: str, content: str | bytes, meta: Mapping[str, Any] | None = None
) -> bytes:
    """`{"contents":[…]` without the closing brace; bytes that are text go as text."""
    member: dict[str, Any] = {"uri": uri, "mimeType": media_type}
    if meta is not None:
        member["_meta"] = meta
    if isinstance(content, bytes) and _is_text(media_type):
        content = content.decode("utf-8")
    if isinstance(content, str):
        member["text"] = content
    else:
        member["blob"] = base64.b64encode(content).decode("ascii")
    return b'{"contents":[' + orjson.dumps(member) + b"]"


def _is_text(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip()
    return kind.startswith("text/") or kind in {"application/json", "application/yaml"}
