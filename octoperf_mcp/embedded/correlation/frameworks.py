r"""The six presets of correlation rules that are the platform's own; plugins add others.

Their names and those of their extractors are public (auto-correlation skill of OctoPerf); the
expressions are our own. Where one name has a second spelling on the wire (a header instead of a
page, an update instead of a form), the rule of that spelling ends in 1 or 2. A name that begins
with `__` keeps it as the rule's name; the variable does without, since `__x` reads as a call.

A group is bounded by the signs that end the value, so that no expression can run away.
"""

import re
from collections.abc import Iterable
from typing import Any

from octoperf_mcp.entities.extensions import CorrelationFramework

Json = dict[str, Any]
Target = tuple[str, str | None]

_QUOTED = """["']([^"'<>]+)["']"""
_IN_QUERY = r"""([^&"'<>\s\\]+)"""


def rule_shape(rule: Json) -> Json:
    """What makes two rules the same: all but who has them, and when they were made."""
    left_out = {"id", "userId", "projectId", "created", "lastModified", "description"}
    return {key: _without_ids(value) for key, value in rule.items() if key not in left_out}


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_ids(inner)
            for key, inner in value.items()
            if key != "id" and inner is not None
        }
    return [_without_ids(inner) for inner in value] if isinstance(value, list) else value


def _rule(name: str, regexp: str, *targets: Target, source: str = "BODY") -> Json:
    variable = name.lstrip("_")
    return {
        "id": "",
        "name": name,
        "description": "",
        "enabled": True,
        "extractor": {
            "@type": "RegexpVariableExtractor",
            "id": "",
            "name": name,
            "enabled": True,
            "variable": variable,
            "regexp": regexp,
            "template": "$1$",
            "matchNumber": 1,
            "extractFrom": source,
            "defaultValue": "",
        },
        "injectionRules": [_injection(kind, field, variable) for kind, field in targets],
    }


def _injection(kind: str, field: str | None, variable: str) -> Json:
    named = {} if kind in {"RequestPath", "PostBody"} else {"name": field}
    return {
        "@type": f"{kind}InjectionRule",
        "enabled": True,
        **named,
        "replacement": f"${{{variable}}}",
        "partial": True,
    }


def _header(name: str | None = None) -> Target:
    return "HeaderValue", name


def _query(name: str | None = None) -> Target:
    return "QueryParamValue", name


def _field(name: str | None = None) -> Target:
    return "PostParamValue", name


_PATH: Target = ("RequestPath", None)
_BODY: Target = ("PostBody", None)
_ANYWHERE = (_header(), _query(), _field(), _BODY)


def _hidden(field: str) -> str:
    """A field of a form, its value behind its name."""
    return f"""<input\\b[^<>]*\\bname=["']{field}["'][^<>]*\\bvalue={_QUOTED}"""


def _forms(names: Iterable[str]) -> list[Json]:
    return [_rule(name, _hidden(re.escape(name)), _field(name)) for name in names]


def _delta(field: str) -> str:
    """A hidden field in the answer to a partial update of an ASP.NET page."""
    return rf"\|hiddenField\|{field}\|([^|]+)\|"


def _json(key: str) -> str:
    return rf'"{key}"\s*:\s*"([^"\\]+)"'


def _address(name: str) -> str:
    """A parameter of an address within a page or header."""
    return rf"(?:[?&;]){name}={_IN_QUERY}"


def _element(name: str) -> str:
    return rf"<(?:\w+:)?{name}\b[^<>]*>\s*([^<>\s]+)\s*<"


def _attribute(name: str) -> str:
    return rf'\b{name}="([^"<>]+)"'


def _claim(name: str) -> str:
    """The value of an attribute of a SAML assertion, by the end of its name."""
    return rf'[/"]{name}"[^<>]*>\s*<(?:\w+:)?AttributeValue\b[^<>]*>([^<>]+)<'


def _saml() -> list[Json]:
    unescaped = "BODY_UNESCAPED"
    inside = (_field(), _BODY)
    return [
        _rule("SAMLRequest", _hidden("SAMLRequest"), _field("SAMLRequest"), _query("SAMLRequest")),
        _rule("SAMLResponse", _hidden("SAMLResponse"), _field("SAMLResponse")),
        _rule("Signature", _address("Signature"), _query("Signature"), source="HEADERS"),
        *(
            _rule(name, _element(name), *inside, source=unescaped)
            for name in ("SignatureValue", "DigestValue", "X509Certificate")
        ),
        _rule("AssertionID", _attribute("(?:AssertionID|ID)"), *inside, source=unescaped),
        _rule(
            "nameid-format",
            r'<(?:\w+:)?NameID(?:entifier)?\b[^<>]*\bFormat="([^"<>]+)"',
            *inside,
            source=unescaped,
        ),
        *(
            _rule(name, _attribute(name), *inside, source=unescaped)
            for name in ("IssueInstant", "NotBefore", "NotOnOrAfter")
        ),
        _rule(
            "AuthenticationInstant",
            _attribute("(?:AuthenticationInstant|AuthnInstant)"),
            *inside,
            source=unescaped,
        ),
        _rule("correlationId", _json("correlationId"), *_ANYWHERE),
        _rule("ctx", _address("ctx"), _query("ctx"), _field("ctx"), source=unescaped),
        _rule("wctx", _hidden("wctx"), _field("wctx"), _query("wctx"), source=unescaped),
        *(
            _rule(name, _claim(claim), *inside, source=unescaped)
            for name, claim in (
                ("objectIdentifier", "objectidentifier"),
                ("tenantId", "tenantid"),
                ("puuid", "puid"),
                ("name", "name"),
                ("authnmethodsreferences", "authnmethodsreferences"),
            )
        ),
    ]


def _oauth() -> list[Json]:
    made = []
    for name, parameter in (
        ("oauth_token", "oauth_token"),
        ("oauth_state", "state"),
        ("oauth_timestamp", "oauth_timestamp"),
    ):
        regexp = rf"(?:^|[?&;\"'\s])(?:{parameter}|oauth_{parameter})={_IN_QUERY}"
        for suffix, source in (("", "BODY"), ("1", "HEADERS")):
            targets = (_query(), _field(), _header("Authorization"))
            made.append(_rule(f"{name}{suffix}", regexp, *targets, source=source))
    return made


def _token() -> list[Json]:
    forged = "(?:_csrf|csrf|csrf_?[tT]oken|csrfmiddlewaretoken|authenticity_token|_token)"
    meta = f"""<meta\\b[^<>]*\\bname=["']_?csrf(?:-?[tT]oken)?["'][^<>]*\\bcontent={_QUOTED}"""
    bearer = r"(?im:^(?:x-auth-token|authorization)): (?:[Bb]earer )?(\S+)"
    return [
        _rule("x-csrf-token", r"(?im:^x-csrf-token): (\S+)", _header(), source="HEADERS"),
        _rule("csrfToken", meta, _header(), _field()),
        _rule("csrfToken1", _hidden(forged), _field(), _header()),
        _rule("csrfToken2", _json("(?:csrf|_csrf|csrf_?[tT]oken)"), *_ANYWHERE),
        _rule("token", _json("(?:token|access_token|accessToken)"), *_ANYWHERE),
        _rule("authtoken", _json("auth_?[tT]oken"), *_ANYWHERE),
        _rule("authtoken1", bearer, _header(), _query(), source="HEADERS"),
        _rule("pk", _hidden("pk"), _field("pk"), _query("pk")),
        _rule("ReturnURL", _address("(?i:returnurl)"), _query(), _field(), source="HEADERS"),
    ]


def _dotnet() -> list[Json]:
    verification = "__RequestVerificationToken"
    fields = (
        "__VIEWSTATE",
        "__VIEWSTATEGENERATOR",
        "__EVENTVALIDATION",
        "__PREVIOUSPAGE",
        "__REQUESTID",
    )
    return [
        *_forms(fields),
        _rule(verification, _hidden(verification), _field(), _header()),
        _rule("__VIEWSTATE1", _delta("__VIEWSTATE"), _field("__VIEWSTATE")),
        _rule("__EVENTVALIDATION1", _delta("__EVENTVALIDATION"), _field("__EVENTVALIDATION")),
    ]


def _java() -> list[Json]:
    regexp = r"""(?i:;jsessionid)=([^"'<>;?&#/\s]+)"""
    return [_rule("sessionId", regexp, _PATH, _query(), _header("Referer"))]


def _azure() -> list[Json]:
    code = (_query(), _field(), _BODY)
    return [
        _rule("Azure_canary", _json("canary"), _field("canary"), _header("canary"), _BODY),
        _rule("Azure_ctx", _json("sCtx"), *code),
        _rule("Azure_sFT", _json("sFT"), *code),
        _rule("Azure_sessionId", _json("sessionId"), *_ANYWHERE),
        _rule("Azure_state", _hidden("state"), _field("state"), _query("state")),
        _rule("Azure_state1", _address("state"), *code, source="HEADERS"),
        _rule("Azure_state2", _address("state"), *code, source="BODY_UNESCAPED"),
        _rule("Azure_token", _json("(?:access_token|id_token|refresh_token)"), *_ANYWHERE),
        _rule("Azure_client_id", _address("client_id"), *code, source="HEADERS"),
        _rule("Azure_code", _hidden("code"), _field("code"), _query("code")),
        _rule("Azure_code_challenge", _address("code_challenge"), *code, source="HEADERS"),
        _rule("Azure_nonce", _address("nonce"), *code, source="HEADERS"),
        _rule("Azure_session_state", _hidden("session_state"), _field("session_state")),
    ]


FRAMEWORKS: dict[str, CorrelationFramework] = {
    made.id: made
    for made in (
        CorrelationFramework(
            "saml",
            "SAML",
            "Federated sign-on with SAML 2, and the attributes that Azure puts into assertions.",
            tuple(_saml()),
        ),
        CorrelationFramework(
            "oauth",
            "OAuth",
            "OAuth 1.0a. OAuth 2 with PKCE needs AzureAD or rules of its own.",
            tuple(_oauth()),
        ),
        CorrelationFramework(
            "token", "Token", "Tokens against forged requests, and session tokens.", tuple(_token())
        ),
        CorrelationFramework(
            "dotnet",
            ".NET",
            "ASP.NET WebForms state and the request verification token.",
            tuple(_dotnet()),
        ),
        CorrelationFramework(
            "java",
            "Java",
            "The session id that Java servers put into paths. Cookies need no rule.",
            tuple(_java()),
        ),
        CorrelationFramework(
            "azure-ad",
            "AzureAD",
            "Sign-in at login.microsoftonline.com and login.live.com.",
            tuple(_azure()),
        ),
    )
}
"""By id."""
