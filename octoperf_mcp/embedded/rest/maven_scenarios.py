"""The scenario.json of the Maven plugin: providers and virtual users by name, the older form too.

Sources: OctoPerf/octoperf-maven-plugin, README.md and ScenarioApi.java; the older `userLoads` as
yhraichonak/cpt sends them.
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from octoperf_mcp.embedded.failures import Invalid, NotFound
from octoperf_mcp.embedded.rest import crud
from octoperf_mcp.embedded.rest.answers import document_answer
from octoperf_mcp.embedded.rest.bodies import read_object
from octoperf_mcp.embedded.store.documents import Document
from octoperf_mcp.entities.check import check
from octoperf_mcp.entities.engines import engine_for

Json = dict[str, Any]

_BLOCKS = ("bandwidth", "dns", "jtl", "properties")
_HALVES = ("setUp", "tearDown")


def routes() -> list[web.RouteDef]:
    """Routes of this module."""
    path = "/runtime/scenarios/import/maven/{workspaceId}/{projectId}"
    return [web.post(path, import_scenario)]


async def import_scenario(request: web.Request) -> web.Response:
    """Keep a scenario that names providers and virtual users by name or by id.

    Raises:
        NotFound: workspace or project do not exist for the user.
        Invalid: a profile names what there is not.
    """
    documents, user_id = crud.documents_of(request), crud.user_of(request)
    project = await documents.get("project", request.match_info["projectId"], user_id=user_id)
    if project.workspace_id != request.match_info["workspaceId"]:
        raise NotFound("The project is in another workspace.")
    sent = await read_object(request)
    users = await documents.list("virtual_user", user_id=user_id, project_id=project.id)
    providers = [
        each
        for each in await documents.list("docker_provider", user_id=user_id)
        if each.workspace_id in {"", project.workspace_id}
    ]
    profiles = [
        _profile(profile, users, providers)
        for profile in sent.get("userProfiles") or sent.get("userLoads") or []
    ]
    if not profiles:
        raise Invalid("The scenario has neither userLoads nor userProfiles.")
    older = {"userLoads", "backendListeners"}
    kept = {key: value for key, value in sent.items() if key not in older}
    body = {**kept, "id": "", "projectId": project.id, "userProfiles": profiles}
    filled = crud.filled("scenario", body)
    check("scenario", filled)
    return document_answer(await crud.created(request, "scenario", filled))


def _profile(sent: Mapping[str, Any], users: list[Document], providers: list[Document]) -> Json:
    user = _named("virtualUserId", sent.get("virtualUserId"), users)
    provider = _named("providerId", sent.get("providerId"), providers)
    return {
        "name": sent.get("name") or user.body["name"],
        "virtualUserId": user.id,
        "providerId": provider.id,
        "location": str(sent.get("location") or sent.get("region") or ""),
        "load": sent.get("load") or _load(sent.get("strategy") or {}),
        "memory": sent.get("memory") or {"vuMb": None},
        "engine": sent.get("engine") or _engine(sent, str(user.body.get("type") or "JMETER")),
    }


def _named(field: str, value: Any, known: list[Document]) -> Document:
    """The document of an id or a name; of several of a name, the oldest."""
    for key in ("id", "name"):
        for each in known:
            if each.body.get(key) == value:
                return each
    names = sorted(str(each.body.get("name")) for each in known)
    raise Invalid(
        f"{field}: there is nothing called {value!r}; there are: {', '.join(names) or 'none'}.",
        details={"got": value, "allowed": names},
    )


def _load(strategy: Mapping[str, Any]) -> Json:
    kind = strategy.get("@type")
    if kind == "UserLoadOctoPerf":
        return {"@type": "UserProfileLoadCustom", "points": strategy.get("points") or []}
    if kind == "UserLoadRampup":
        return {
            "@type": "UserProfileLoadRampUp",
            "delayMs": strategy.get("delay") or 0,
            "rampUpMs": strategy.get("rampup") or 0,
            "plateauMs": strategy.get("peak") or 0,
            "plateauVus": strategy.get("userload"),
        }
    raise Invalid(
        f"The strategy {kind!r} is unknown.",
        details={"got": kind, "allowed": ["UserLoadOctoPerf", "UserLoadRampup"]},
    )


def _engine(sent: Mapping[str, Any], kind: str) -> Json:
    """The default engine of a type, with what the older profile said beside its strategy."""
    made = engine_for(kind)
    if made is None:
        raise Invalid(f"A virtual user of type {kind} cannot be loaded by itself.")
    strategy, settings = sent.get("strategy") or {}, made["settings"]
    settings["errorHandling"] = strategy.get("onSampleError") or settings["errorHandling"]
    if strategy.get("iterations"):
        settings["iterations"] = strategy["iterations"]
    settings["thinkTime"] = sent.get("thinktime") or settings["thinkTime"]
    for name in _HALVES:
        settings[name] = sent.get(name)
    for name in _BLOCKS:
        if name in made and sent.get(name):
            made[name] = {**made[name], **sent[name]}
    if "browser" in made and sent.get("browser"):
        browser = {**made["browser"], **sent["browser"]}
        made["browser"] = {**browser, "name": browser["name"] or "AS_RECORDED"}
    return made
