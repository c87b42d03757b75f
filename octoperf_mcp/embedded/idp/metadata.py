"""Authorization server metadata (RFC 8414).

The same document stands at the address of OpenID discovery, as RFC 8414 section 5 has it, for
clients that ask there only. It says nothing of ID tokens, since none is issued: a client that needs
one finds out from the document.
"""

from typing import Any

from octoperf_mcp.auth.scopes import ALL_SCOPES
from octoperf_mcp.embedded.idp.client_metadata import AUTH_METHODS, GRANT_TYPES

REGISTER_PATH = "/auth/connect/register"
AUTHORIZE_PATH = "/auth/oauth2/authorize"
TOKEN_PATH = "/auth/oauth2/token"  # noqa: S105 - an address
JWKS_PATH = "/auth/oauth2/jwks"
REVOKE_PATH = "/auth/oauth2/revoke"
INTROSPECT_PATH = "/auth/oauth2/introspect"
USERINFO_PATH = "/auth/userinfo"
LOGIN_PATH = "/ui/access/login"
LOGOUT_PATH = "/ui/access/logout"
METADATA_PATH = "/.well-known/oauth-authorization-server"
OPENID_PATH = "/.well-known/openid-configuration"


def metadata(issuer: str, *, client_documents: bool = False) -> dict[str, Any]:
    """The document; the issuer is the origin without a trailing slash.

    Args:
        issuer: This server's origin.
        client_documents: Whether a client id may be the address of a metadata document. Clients
            that see it use nothing else, so it must be true only where the internet is in reach.
    """
    with_secret = [method for method in AUTH_METHODS if method != "none"]
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE_PATH,
        "token_endpoint": issuer + TOKEN_PATH,
        "registration_endpoint": issuer + REGISTER_PATH,
        "revocation_endpoint": issuer + REVOKE_PATH,
        "introspection_endpoint": issuer + INTROSPECT_PATH,
        "userinfo_endpoint": issuer + USERINFO_PATH,
        "jwks_uri": issuer + JWKS_PATH,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "introspection_endpoint_auth_methods_supported": with_secret,
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(ALL_SCOPES),
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": client_documents,
        "service_documentation": f"{issuer}/mcp/public/AGENTS.md",
    }
