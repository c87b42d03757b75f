"""Pages of what virtual users are made with: servers, variables, correlation rules."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.embedded.store.project_files import ProjectFiles
from octoperf_mcp.embedded.ui.rendering import Cell, Page, Table, count
from octoperf_mcp.embedded.usages import mentions, names_of, server_users

_SECRET = "••••••"  # noqa: S105 - what is shown instead of one
_EXPRESSIONS = ("regexp", "path", "xpath", "selector")
_LONGEST_SHOWN = 400
_UNSHOWN = frozenset({"@type", "id", "name", "authorizations"})

Json = Mapping[str, Any]


async def servers(page: Page) -> web.StreamResponse:
    """HTTP servers of a project."""
    rows = [
        (
            Cell(_address(body), f"{page.project_path}/design/http-server/{body['id']}"),
            Cell(str(body.get("name", ""))),
            Cell(f"{body.get('connectTimeoutMs') or 0} / {body.get('responseTimeoutMs') or 0} ms"),
        )
        for body in await page.of_project("http_server")
    ]
    columns = ("Address", "Name", "Time-outs (connect / response, 0 = none)")
    table = Table("HTTP servers", columns, rows, "No server yet.")
    return await _listing(page, "design/http-server", "HTTP servers", table)


async def server(page: Page) -> web.StreamResponse:
    """One HTTP server, and the requests that go there."""
    body = await _part(page, "http_server", "httpServerId")
    users = server_users(body["id"], await _virtual_users(page))
    rows = [
        (*_user_cells(page, user), Cell(count(requests, "request"))) for user, requests in users
    ]
    authorizations = body.get("authorizations") or []
    settings = {
        "Address": _address(body),
        "Connection time-out (ms, 0 = none)": body.get("connectTimeoutMs") or 0,
        "Response time-out (ms, 0 = none)": body.get("responseTimeoutMs") or 0,
        "Connections kept alive": body.get("keepAlive", True),
        "Resources loaded at once": body.get("resourcesPool"),
        "IP spoofing": bool(body.get("ipSpoofing")),
        "Authorizations": ", ".join(_kind(each, "Authorization") for each in authorizations),
    }
    tables = [
        _settings("Settings", settings),
        Table("Used by", ("Virtual user", "Requests"), rows, "No request goes to this server."),
    ]
    return await _one(page, "design/http-server", _address(body), "HTTP server", tables)


async def variables(page: Page) -> web.StreamResponse:
    """Variables of a project; secrets stay hidden."""
    rows = []
    for body in await page.of_project("variable"):
        inner = body.get("variable") or {}
        rows.append(
            (
                Cell(body["name"], f"{page.project_path}/design/variable/{body['id']}"),
                Cell(_kind(inner, "Variable")),
                Cell(_summary(inner)),
            )
        )
    table = Table("Variables", ("Name", "Kind", "Value"), rows, "No variable yet.")
    return await _listing(page, "design/variable", "Variables", table)


async def variable(page: Page) -> web.StreamResponse:
    """One variable: its settings, how texts read it, and who does."""
    body = await _part(page, "variable", "variableId")
    inner = dict(body["variable"])
    if "value" in inner and not isinstance(inner["value"], str):
        inner["value"] = _SECRET
    files = ProjectFiles(page.platform.database, page.platform.blobs)
    known = {file.name: file for file in await files.of_project(body["projectId"])}
    names = await names_of(body, files, known)
    rows = [
        _user_cells(page, user)
        for user, theirs in mentions(await _virtual_users(page))
        if not theirs.isdisjoint(names)
    ]
    settings = {"Read as": ", ".join(f"${{{name}}}" for name in names), **_shown(inner)}
    tables = [
        _settings("Settings", settings),
        Table("Used by", ("Virtual user",), rows, "No virtual user refers to it."),
    ]
    sub = body.get("description") or f"{_kind(inner, 'Variable')} variable"
    return await _one(page, "design/variable", body["name"], sub, tables)


async def correlation_rules(page: Page) -> web.StreamResponse:
    """Correlation rules of a project."""
    rows = [
        (
            Cell(body["name"], f"{page.project_path}/design/correlation-rule/{body['id']}"),
            Cell(_cut(_expression(body.get("extractor") or {}))),
            Cell(", ".join(_kind(each, "InjectionRule") for each in _injections(body))),
            Cell("" if body.get("enabled") else "disabled"),
        )
        for body in await page.of_project("correlation_rule")
    ]
    columns = ("Name", "Expression", "Put back into", "")
    table = Table("Correlation rules", columns, rows, "No rule yet.")
    return await _listing(page, "design/correlation-rule", "Correlation rules", table)


async def correlation_rule(page: Page) -> web.StreamResponse:
    """One rule: what it takes out of answers, and where it puts it back."""
    body = await _part(page, "correlation_rule", "ruleId")
    extractor = body.get("extractor") or {}
    rows = [
        (
            Cell(_kind(each, "InjectionRule")),
            Cell(str(each.get("name") or "any")),
            Cell(str(each.get("replacement") or f"${{{extractor.get('variable', '')}}}")),
            Cell("inside a longer text, too" if each.get("partial") is not False else "whole text"),
            Cell("" if each.get("enabled") else "disabled"),
        )
        for each in _injections(body)
    ]
    extracts = {"Kind": _kind(extractor, "VariableExtractor"), **_shown(extractor)}
    columns = ("Where", "Name", "Replaced by", "How", "")
    tables = [
        _settings("Takes out of answers", extracts),
        Table("Puts back into requests", columns, rows, "Nowhere: it only extracts."),
    ]
    state = "Correlation rule" if body.get("enabled") else "Correlation rule, disabled"
    sub = body.get("description") or state
    return await _one(page, "design/correlation-rule", body["name"], sub, tables)


async def _part(page: Page, kind: str, name: str) -> dict[str, Any]:
    """The document of this page.

    Raises:
        web.HTTPNotFound: it is of another project than the address says.
    """
    body = await page.get(kind, page.part(name))
    if body["projectId"] != page.part("projectId"):
        raise web.HTTPNotFound
    return body


async def _virtual_users(page: Page) -> list[Document]:
    return await page.platform.documents.list(
        "virtual_user", user_id=page.user.user_id, project_id=page.part("projectId")
    )


def _user_cells(page: Page, user: Document) -> tuple[Cell, ...]:
    href = f"{page.project_path}/design/virtual-user/{user.id}"
    return (Cell(str(user.body.get("name") or user.id), href),)


def _shown(part: Json) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name not in _UNSHOWN}


def _settings(title: str, settings: Mapping[str, Any]) -> Table:
    """A row for each setting that has a value."""
    rows = [
        (Cell(name), Cell(_text(value)))
        for name, value in settings.items()
        if value is not None and value != ""
    ]
    return Table(title, ("Setting", "Value"), rows, "No settings.")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return _cut(", ".join(str(each) for each in value))
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _summary(inner: Json) -> str:
    """A variable in a few words."""
    kind = inner.get("@type")
    if kind == "SecretVariable":
        return _SECRET
    if kind == "CSVVariable":
        columns = ", ".join(inner.get("names") or ()) or "the first line names the columns"
        return _cut(f"{inner.get('filename')}: {columns}")
    if kind == "CounterVariable":
        end = "" if inner.get("end") is None else f" to {inner['end']}"
        return f"from {inner.get('start', 1)}{end} by {inner.get('increment') or 1}"
    if kind == "RandomVariable":
        return f"{inner.get('min')} to {inner.get('max')}"
    return _text(inner.get("values") if kind == "ListVariable" else inner.get("value", ""))


def _expression(extractor: Json) -> str:
    return next((str(extractor[key]) for key in _EXPRESSIONS if extractor.get(key)), "")


def _injections(rule: Json) -> Iterable[Json]:
    return rule.get("injectionRules") or ()


def _kind(part: Json, suffix: str) -> str:
    return str(part.get("@type", "")).removesuffix(suffix)


def _address(body: Json) -> str:
    return f"{str(body.get('protocol', '')).lower()}://{body.get('hostname')}:{body.get('port')}"


async def _listing(page: Page, area: str, heading: str, table: Table) -> web.StreamResponse:
    sub = count(len(table.rows), "entry") if len(table.rows) == 1 else f"{len(table.rows)} entries"
    return await _one(page, area, heading, sub, [table])


async def _one(
    page: Page, area: str, heading: str, sub: str, tables: list[Table]
) -> web.StreamResponse:
    return await page.show_in_project("listing.html", area, heading=heading, sub=sub, tables=tables)
