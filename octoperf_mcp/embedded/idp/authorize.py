"""The authorization endpoint (RFC 6749 section 4.1, RFC 9207): asks the user, answers the client.

`GET` changes nothing, however often it is called: some clients call it themselves before they
open the browser. Consent is asked each time, since a public client is only what it claims to be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from authlib.oauth2.rfc6749 import OAuth2Error
from multidict import MultiDict

from octoperf_mcp.auth.hosts import OwnOrigins
from octoperf_mcp.auth.scopes import READ, WRITE, scope_text
from octoperf_mcp.embedded.idp.answers import BadFormError, parameters_of, read_form
from octoperf_mcp.embedded.idp.client_metadata import Client
from octoperf_mcp.embedded.idp.clients import Clients, TooManyClientsError
from octoperf_mcp.embedded.idp.decisions import Facts
from octoperf_mcp.embedded.idp.grants import CODE_LIFE_MS, REFRESH_LIFE_MS, Code, Grants
from octoperf_mcp.embedded.idp.metadata import AUTHORIZE_PATH, LOGOUT_PATH
from octoperf_mcp.embedded.idp.oauth import CoreRequest, OAuthCore
from octoperf_mcp.embedded.idp.pages import message, page, redirect
from octoperf_mcp.embedded.idp.record import Record
from octoperf_mcp.embedded.idp.redirects import answered, destination
from octoperf_mcp.embedded.idp.sessions import BrowserUser, Sessions
from octoperf_mcp.embedded.idp.sign_in import sign_in_address
from octoperf_mcp.embedded.store.schema import now_ms

_CANNOT = "This sign-in cannot continue"


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request that was checked; `text` is its query as it came."""

    text: str
    client: Client
    redirect_uri: str
    redirect_given: bool
    challenge: str
    scope: str
    resources: tuple[str, ...]
    state: str
    prompt: frozenset[str]


class RefusedError(Exception):
    """The request is refused, with the answer to send: a page, or a redirect with an error."""

    def __init__(self, answer: web.Response) -> None:
        super().__init__("refused")
        self.answer = answer


class AuthorizeEndpoint:
    """`/auth/oauth2/authorize`.

    Args:
        clients: Registered clients.
        grants: Keeps codes.
        sessions: Who is signed in.
        origins: Whose resources may be asked for; its origin is the issuer.
        record: Told of what is refused, allowed and denied.
    """

    def __init__(
        self,
        *,
        clients: Clients,
        grants: Grants,
        sessions: Sessions,
        origins: OwnOrigins,
        record: Record,
    ) -> None:
        self._clients = clients
        self._grants = grants
        self._sessions = sessions
        self._origins = origins
        self._record = record

    async def show(self, request: web.Request) -> web.Response:
        """`GET`: the consent page, the sign-in page before it, or why not."""
        try:
            asked = await self._asked(request.rel_url.raw_query_string)
        except RefusedError as refused:
            return refused.answer
        user = await self._sessions.user(request)
        if "none" in asked.prompt:
            code = "consent_required" if user else "login_required"
            return self._back(asked.redirect_uri, asked.state, {"error": code})
        again = {"login", "select_account"} & asked.prompt
        if user is None or again:
            onward = f"{AUTHORIZE_PATH}?{_without_sign_in_prompt(asked.text)}"
            return redirect(sign_in_address(onward, again=bool(again)), status=302)
        return self._consent(request, asked, user)

    async def decide(self, request: web.Request) -> web.Response:
        """`POST` of the consent page: back to the client with a code or a refusal."""
        try:
            form = await read_form(request)
            asked = await self._asked(form.get("request", ""))
        except BadFormError as error:
            self._record.refused("consent", "malformed_request")
            return message(400, _CANNOT, str(error))
        except RefusedError as refused:
            return refused.answer
        user = await self._sessions.user(request)
        if user is None:
            return redirect(sign_in_address(f"{AUTHORIZE_PATH}?{asked.text}"))
        if not self._sessions.is_genuine(request, form.get("form", "")):
            self._record.refused("consent", "forged_form", client=asked.client)
            return message(403, _CANNOT, "The page is out of date. Go back and load it again.")
        allowed = form.get("decision") == "allow"
        await self._record.decided(user.user_id, user.username, asked.client, allowed=allowed)
        if not allowed:
            return self._back(asked.redirect_uri, asked.state, {"error": "access_denied"})
        try:
            await self._clients.remember(asked.client)
        except TooManyClientsError:
            return self._back(asked.redirect_uri, asked.state, {"error": "temporarily_unavailable"})
        code = await self._grants.add_code(_code(asked, user, form.get("access", "")))
        return self._back(asked.redirect_uri, asked.state, {"code": code})

    async def _asked(self, text: str) -> Asked:
        try:
            parameters = parameters_of(text.encode("utf-8", "replace"))
        except BadFormError as error:
            self._record.refused("authorize", "malformed_request")
            raise RefusedError(message(400, _CANNOT, str(error))) from error
        client = await self._clients.find(parameters.get("client_id", ""))
        core = OAuthCore(Facts(now_ms=now_ms(), client=client), self._origins.owns)
        request = CoreRequest(parameters, {})
        try:
            grant = core.consent(request)
        except OAuth2Error as error:
            self._note(error, client)
            raise RefusedError(self._refusal(error, parameters)) from error
        if client is None:
            raise RefusedError(message(400, _CANNOT, "The application is not registered."))
        asked = Asked(
            text=text,
            client=client,
            redirect_uri=grant.redirect_uri,
            redirect_given="redirect_uri" in parameters,
            challenge=parameters["code_challenge"],
            scope=request.scope,
            resources=tuple(parameters.getall("resource", [])),
            state=parameters.get("state", ""),
            prompt=frozenset(parameters.get("prompt", "").split()),
        )
        self._check_rest(asked, parameters)
        return asked

    def _check_rest(self, asked: Asked, parameters: Mapping[str, str]) -> None:
        """What Authlib's core does not know: RFC 8707, response modes, request objects."""
        error = ""
        if not all(self._origins.owns(resource) for resource in asked.resources):
            error = "invalid_target"
        elif parameters.get("response_mode", "query") != "query":
            error = "invalid_request"
        elif "request" in parameters:
            error = "request_not_supported"
        elif "request_uri" in parameters:
            error = "request_uri_not_supported"
        if error:
            self._record.refused("authorize", error, client=asked.client)
            raise RefusedError(self._back(asked.redirect_uri, asked.state, {"error": error}))

    def _note(self, error: OAuth2Error, client: Client | None) -> None:
        """Log a refusal; before the address is known its description may hold text of others."""
        if error.redirect_uri:
            detail = str(error.description or "")
            self._record.refused("authorize", str(error.error), detail=detail, client=client)
        else:
            reason = "unknown_client" if client is None else "redirect_mismatch"
            self._record.refused("authorize", reason, client=client)

    def _refusal(self, error: OAuth2Error, parameters: Mapping[str, str]) -> web.Response:
        """Back to the client once its address is known to be its own, else a page."""
        if error.redirect_uri:
            answer = {"error": error.error, "error_description": error.description}
            return self._back(error.redirect_uri, parameters.get("state", ""), answer)
        text = (
            "The application is not registered here, or no longer. Remove this server from it and "
            "add it again."
            if error.error == "invalid_client"
            else "The application sent a request that cannot be answered."
        )
        return message(400, _CANNOT, text, error.description)

    def _back(self, uri: str, state: str, answer: Mapping[str, Any]) -> web.Response:
        parameters = {name: str(value) for name, value in answer.items() if value}
        if state:
            parameters["state"] = state
        parameters["iss"] = self._origins.origin
        return redirect(answered(uri, parameters))

    def _consent(self, request: web.Request, asked: Asked, user: BrowserUser) -> web.Response:
        return page(
            "consent.html",
            forms="",
            client_name=asked.client.name,
            publisher=urlsplit(asked.client.id).hostname or "",
            destination=destination(asked.redirect_uri),
            wants_write=WRITE in asked.scope.split(),
            username=user.username,
            days=REFRESH_LIFE_MS // (24 * 3600 * 1000),
            action=AUTHORIZE_PATH,
            logout_action=LOGOUT_PATH,
            form_text=self._sessions.anti_forgery(request),
            request_text=asked.text,
            here=f"{AUTHORIZE_PATH}?{asked.text}",
        )


def _code(asked: Asked, user: BrowserUser, access: str) -> Code:
    scopes = set(asked.scope.split()) | {READ}
    if access != "write":
        scopes.discard(WRITE)
    return Code(
        code_hash="",
        client_id=asked.client.id,
        user_id=user.user_id,
        redirect_uri=asked.redirect_uri,
        redirect_given=asked.redirect_given,
        challenge=asked.challenge,
        scope=scope_text(scopes),
        resources=asked.resources,
        expires=now_ms() + CODE_LIFE_MS,
    )


def _without_sign_in_prompt(text: str) -> str:
    """The query after signing in, so that the page is not asked for a second time."""
    parameters: MultiDict[str] = parameters_of(text.encode())
    left = [name for name in parameters.get("prompt", "").split() if name == "consent"]
    rest = [(name, value) for name, value in parameters.items() if name != "prompt"]
    return urlencode([*rest, *([("prompt", "consent")] if left else [])])
