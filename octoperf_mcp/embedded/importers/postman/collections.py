"""A whole collection as one virtual user: folders become containers, requests stay requests."""

import re
from typing import Any

from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.nodes import container, http_request, short, virtual_user
from octoperf_mcp.embedded.importers.postman import scripts
from octoperf_mcp.embedded.importers.postman.addresses import target_of
from octoperf_mcp.embedded.importers.postman.auth import credentials
from octoperf_mcp.embedded.importers.postman.bodies import post_data
from octoperf_mcp.embedded.importers.postman.texts import Texts, plain
from octoperf_mcp.embedded.importers.report import summary
from octoperf_mcp.embedded.importers.servers import Servers
from octoperf_mcp.embedded.importers.values import items, mapping, parse, text
from octoperf_mcp.entities.imported import Imported, Note

Json = dict[str, Any]

MAX_ITEMS = 20_000
MAX_LEVELS = 50
_EXPORT_AGAIN = "Export the collection from Postman as Collection v2.1."
_METHOD = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_BREAKS = re.compile(r"[\r\n\0]+")
_NOT_RUN = "a script: kept switched off, since no script in JavaScript runs here"


def import_postman(data: bytes, name: str = "") -> Imported:
    """Make a virtual user of a collection.

    Args:
        data: The collection, JSON in UTF-8.
        name: Of the virtual user; empty: that of the collection.

    Raises:
        ImportFailed: it is no collection of v2.0 or v2.1, too large, or without a request.
    """
    collection = _collection(parse(data, "The file"))
    reader = _Reader(collection)
    children = reader.level(collection, "", mapping(collection.get("auth")), 1)
    if not reader.requests:
        raise ImportFailed("The collection has no request that can be sent.", _EXPORT_AGAIN)
    result = reader.result
    reader.tell_unknown()
    info = mapping(collection.get("info"))
    made = virtual_user(name or text(info.get("name")) or "Postman collection", children)
    made["description"] = summary(_about(info), result)
    result.virtual_users = [made]
    return result


def _about(info: Json) -> str:
    """The first line of the collection's own description."""
    described = info.get("description")
    words = text(described) or text(mapping(described).get("content"))
    return short(words.strip().partition("\n")[0])


def _collection(value: Any) -> Json:
    source = mapping(value)
    source = mapping(source.get("collection")) or source
    if isinstance(source.get("item"), list):
        return source
    if "requests" in source and "order" in source:
        raise ImportFailed("The collection is of the format v1.", _EXPORT_AGAIN)
    if "values" in source and "name" in source:
        problem = "The file is a Postman environment, not a collection."
        raise ImportFailed(problem, "Send the collection; create its variables with the tools.")
    raise ImportFailed("The file is JSON but no Postman collection.", _EXPORT_AGAIN)


class _Reader:
    """Converts the items of one collection."""

    def __init__(self, collection: Json) -> None:
        self.result = Imported()
        self.requests = 0
        self._items = 0
        self._set: set[str] = set()
        values = self._variables(collection)
        self._texts = Texts(values)
        self._declared = set(values)
        for made in self.result.variables:
            inner = made["variable"]
            if inner["@type"] == "ConstantVariable":
                inner["value"] = self._texts.converted(inner["value"])
        self._servers = Servers(self.result)

    def level(self, source: Json, pointer: str, auth: Json, depth: int) -> list[Json]:
        """The actions of a collection or folder, its scripts' counterparts first."""
        if depth > MAX_LEVELS:
            raise ImportFailed(f"The collection has more than {MAX_LEVELS} levels.", "Flatten it.")
        made = self._scripts(source, pointer)
        for index, one in enumerate(items(source.get("item"))):
            made += self._item(mapping(one), f"{pointer}/item/{index}", auth, depth)
        return made

    def tell_unknown(self) -> None:
        """Name the variables that nothing in the collection sets."""
        for name in sorted(self._texts.used - self._declared - self._set):
            reason = f"the collection gives {name[:80]} no value: create the variable"
            self._change("/variable", reason)
        for name in sorted(self._texts.unknown_dynamic):
            self._change(
                "/variable", f"{{{{{name[:80]}}}}} has no counterpart and is sent as it is"
            )

    def _item(self, item: Json, pointer: str, auth: Json, depth: int) -> list[Json]:
        self._items += 1
        if self._items > MAX_ITEMS:
            problem = f"The collection has more than {MAX_ITEMS} items."
            raise ImportFailed(problem, "Split it into several collections.")
        own = mapping(item.get("auth")) or auth
        name = text(item.get("name"))
        if "request" not in item:
            if not isinstance(item.get("item"), list):
                self.result.dropped.append(Note(pointer, "neither a request nor a folder"))
                return []
            self.result.carried += 1
            children = self.level(item, pointer, own, depth + 1)
            return [container(name or "Folder", children, sample=True)]
        request = item["request"]
        source = {"url": request} if isinstance(request, str) else mapping(request)
        made = self._request(source, name, pointer, own)
        if isinstance(made, str):
            self.result.dropped.append(Note(pointer, made))
            return []
        self.result.carried += 1
        self.requests += 1
        behaviour = mapping(item.get("protocolProfileBehavior"))
        made["followRedirects"] = behaviour.get("followRedirects") is not False
        made["children"] = self._scripts(item, pointer)
        return [made]

    def _request(self, source: Json, name: str, pointer: str, auth: Json) -> Json | str:
        method = (text(source.get("method")) or "GET").upper()
        if not _METHOD.fullmatch(method):
            return "its method is not valid"
        target = target_of(source.get("url"), self._texts)
        if isinstance(target, str):
            return target
        body, told = post_data(source.get("body"), self._texts)
        added, asked, refused = credentials(mapping(source.get("auth")) or auth, self._texts)
        for note in (target.note, told, refused):
            if note:
                self._change(pointer, note)
        place = target.address
        multipart = body is not None and body["@type"] == "MultipartPostData"
        return http_request(
            name or place.path,
            self._servers.of(place.protocol, place.host, place.port),
            method,
            place.path,
            parameters=[
                *target.parameters,
                *({"name": k, "value": v, "equals": True, "encode": True} for k, v in asked),
            ],
            headers=self._headers(source.get("header"), added, multipart=multipart),
            postData=body,
        )

    def _headers(self, listed: Any, added: list[tuple[str, str]], *, multipart: bool) -> list[Json]:
        if isinstance(listed, str):
            lines = (line.partition(":") for line in listed.splitlines())
            listed = [{"key": key.strip(), "value": value.strip()} for key, _, value in lines]
        rows = [
            (plain(one.get("key")).strip(), self._texts.converted(plain(one.get("value"))))
            for one in map(mapping, items(listed))
            if one.get("disabled") is not True
        ]
        present = {key.lower() for key, _ in rows}
        rows += [pair for pair in added if pair[0].lower() not in present]
        return [
            {"name": key, "value": _BREAKS.sub(" ", value)}
            for key, value in rows
            if _HEADER_NAME.fullmatch(key) and not (multipart and key.lower() == "content-type")
        ]

    def _scripts(self, source: Json, pointer: str) -> list[Json]:
        """Extractors and assertions for what test scripts do, then what is left of scripts."""
        made: list[Json] = []
        for index, one in enumerate(items(source.get("event"))):
            event, where = mapping(one), f"{pointer}/event/{index}"
            script = scripts.source_of(event)
            before = text(event.get("listen")) != "test"
            if not script.strip() or event.get("disabled") is True:
                self.result.dropped.append(Note(where, "a script that is empty or switched off"))
                continue
            found = scripts.Understood() if before else scripts.understood(script)
            made += found.actions
            self._set.update(found.names)
            if found.whole:
                self.result.carried += 1
            else:
                self.result.generic.append(Note(where, _NOT_RUN))
                made.append(scripts.kept(event, script, before=before))
        return made

    def _variables(self, collection: Json) -> dict[str, str]:
        values: dict[str, str] = {}
        for index, one in enumerate(items(collection.get("variable"))):
            row = mapping(one)
            name = text(row.get("key")) or text(row.get("id"))
            where = f"/variable/{index}"
            if not name or row.get("disabled") is True or short(name) != name or name in values:
                reason = "without a name that can be kept, switched off, or given twice"
                self.result.dropped.append(Note(where, reason))
                continue
            values[name] = plain(row.get("value"))
            self.result.carried += 1
            self.result.variables.append(_variable(name, values[name], text(row.get("type"))))
        return values

    def _change(self, pointer: str, reason: str) -> None:
        self.result.changed.append(Note(pointer, reason))


def _variable(name: str, value: str, kind: str) -> Json:
    inner: Json = {"@type": "ConstantVariable", "value": value}
    if kind == "secret":
        inner = {"@type": "SecretVariable", "value": {"type": "PLAIN", "value": value}}
    return {"name": name, "description": "From a Postman collection", "variable": inner}
