"""`/mcp/public/**`: what an agent may read before it has signed in.

A look-up in a dictionary of bytes held since start: no file system, no traversal. The same bytes
are MCP resources where an asset has a `resource_uri`.
"""

import gzip
import hashlib
import html
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import orjson
from aiohttp import ETag, hdrs, web

from octoperf_mcp.registry.assets import PublicAsset
from octoperf_mcp.registry.registry import Registry
from octoperf_mcp.transport.codings import IDENTITY, chosen
from octoperf_mcp.transport.origins import page_access

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PREFIX: Final = "/mcp/public"
_CACHE_CONTROL: Final = "public, max-age=300"
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_MIN_COMPRESSED: Final = 256
_ZSTD_LEVEL: Final = 12
_CODINGS: Final = ("zstd", "gzip")
"""In the order of the server: zstd is as small, and cheaper to unpack."""


_NOT_ACCEPTABLE: Final = orjson.dumps(
    {
        "code": "not_acceptable",
        "message": "Every content coding is refused; leave out identity;q=0.",
        "allowed": [*_CODINGS, IDENTITY],
    }
)


@dataclass(frozen=True, slots=True)
class _Variant:
    """One representation of a file; each has an ETag of its own, since it is a strong one."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class _File:
    """A file by content coding; a short one has no packed variants."""

    media_type: str
    variants: Mapping[str, _Variant]

    @property
    def codings(self) -> tuple[str, ...]:
        """What it is packed with."""
        return tuple(name for name in self.variants if name != IDENTITY)


class PublicFiles:
    """The handler of public files."""

    def __init__(self, assets: Mapping[str, PublicAsset]) -> None:
        self._files: dict[str, _File] = {}
        self._not_found = b""
        self.show(assets)

    def show(self, assets: Mapping[str, PublicAsset]) -> None:
        """Serve these files from now on."""
        files = {path: _file(asset.media_type, asset.content) for path, asset in assets.items()}
        self._not_found = orjson.dumps(
            {
                "code": "not_found",
                "message": f"There is no such file; {PREFIX}/ lists them.",
                "allowed": sorted(files),
            }
        )
        files[""] = _file("text/html; charset=utf-8", _index(assets.values()))
        self._files = files

    async def handle(self, request: web.Request) -> web.Response:
        """Answer GET or HEAD for one file, or the index for none."""
        path = request.match_info.get("path", "")
        found = self._files.get(path)
        if found is None:
            return web.Response(status=404, body=self._not_found, content_type="application/json")
        coding = chosen(request.headers.get(hdrs.ACCEPT_ENCODING, ""), found.codings)
        if coding is None:
            return web.Response(
                status=406,
                body=_NOT_ACCEPTABLE,
                content_type="application/json",
                headers={hdrs.VARY: hdrs.ACCEPT_ENCODING},
            )
        variant = found.variants[coding]
        headers = {
            hdrs.CONTENT_TYPE: found.media_type,
            hdrs.ETAG: f'"{variant.etag}"',
            hdrs.CACHE_CONTROL: _CACHE_CONTROL,
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": _POLICY,
        }
        if _known(request.if_none_match, variant.etag):
            del headers[hdrs.CONTENT_TYPE]
            return web.Response(status=304, headers=headers)
        if coding != IDENTITY:
            headers[hdrs.CONTENT_ENCODING] = coding
        return web.Response(body=variant.body, headers=headers)


def add_public_files(app: web.Application, registry: Registry) -> PublicFiles:
    """Serve the registry's public assets, to web pages of every origin as well."""
    files = PublicFiles(registry.public_assets)
    routes: list[web.AbstractRoute] = []
    for path in (PREFIX, PREFIX + "/{path:.*}"):
        resource = app.router.add_resource(path)
        routes += [
            resource.add_route(method, files.handle) for method in (hdrs.METH_GET, hdrs.METH_HEAD)
        ]
    page_access(app).allow(routes)
    return files


def _known(tags: Iterable[ETag] | None, etag: str) -> bool:
    return any(tag.value in {etag, "*"} for tag in tags or ())


def _file(media_type: str, content: bytes) -> _File:
    etag = hashlib.sha256(content).hexdigest()[:32]
    variants = {IDENTITY: _Variant(content, etag)}
    if len(content) >= _MIN_COMPRESSED:
        packed = (zstd.compress(content, level=_ZSTD_LEVEL), gzip.compress(content, 9, mtime=0))
        variants |= {
            coding: _Variant(body, f"{etag}-{coding}")
            for coding, body in zip(_CODINGS, packed, strict=True)
            if len(body) < len(content)
        }
    return _File(media_type, variants)


def _index(assets: Iterable[PublicAsset]) -> bytes:
    rows = "\n".join(
        f'<li><a href="{PREFIX}/{quote(asset.path)}">{html.escape(asset.path)}</a> '
        f"{html.escape(asset.description or asset.title)}</li>"
        for asset in sorted(assets, key=lambda asset: asset.path)
    )
    page = (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>OctoPerf MCP</title>\n'
        '<body style="font: 1rem/1.5 sans-serif; max-width: 60rem; margin: 2rem auto">\n'
        f"<h1>Public files of OctoPerf MCP</h1>\n<ul>\n{rows}\n</ul>\n</body></html>\n"
    )
    return page.encode()
