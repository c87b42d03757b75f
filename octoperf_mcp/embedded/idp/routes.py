"""The addresses of the identity provider."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from octoperf_mcp.embedded.idp import metadata as addresses
from octoperf_mcp.embedded.idp.answers import preflight
from octoperf_mcp.embedded.idp.authorize import AuthorizeEndpoint
from octoperf_mcp.embedded.idp.documents import Documents
from octoperf_mcp.embedded.idp.registration import RegistrationEndpoint
from octoperf_mcp.embedded.idp.sign_in import SignIn
from octoperf_mcp.embedded.idp.token_endpoint import TokenEndpoint

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def routes(
    registration: RegistrationEndpoint,
    token: TokenEndpoint,
    authorize: AuthorizeEndpoint,
    sign_in: SignIn,
    published: Documents,
) -> list[web.RouteDef]:
    """What clients post and read, with preflights for those in a browser, and what people see."""
    shared: list[tuple[str, Handler]] = [
        (addresses.REGISTER_PATH, registration.post),
        (addresses.TOKEN_PATH, token.token),
        (addresses.REVOKE_PATH, token.revoke),
        (addresses.INTROSPECT_PATH, token.introspect),
        (addresses.USERINFO_PATH, published.userinfo),
    ]
    documents: list[tuple[str, Handler]] = [
        (path + suffix, published.metadata)
        for path in (addresses.METADATA_PATH, addresses.OPENID_PATH)
        for suffix in ("", "/auth", "/mcp")
    ]
    documents += [
        ("/auth" + addresses.OPENID_PATH, published.metadata),
        (addresses.JWKS_PATH, published.jwks),
        (addresses.USERINFO_PATH, published.userinfo),
    ]
    crossed = dict.fromkeys(path for path, _ in [*shared, *documents])
    return [
        *(web.post(path, handler) for path, handler in shared),
        *(web.get(path, handler) for path, handler in documents),
        *(web.options(path, preflight) for path in crossed),
        web.get(addresses.AUTHORIZE_PATH, authorize.show),
        web.post(addresses.AUTHORIZE_PATH, authorize.decide),
        web.get(addresses.LOGIN_PATH, sign_in.show),
        web.post(addresses.LOGIN_PATH, sign_in.submit),
        web.get(addresses.LOGOUT_PATH, sign_in.show_sign_out),
        web.post(addresses.LOGOUT_PATH, sign_in.sign_out),
    ]
