"""Every exception of the project.

    OctoPerfMcpError
      ConfigError, PluginError      start-up: printed once, exit status 2 or 1
      SurfaceError                  becomes HTTP 404 for a path, 400 for a header field
      ProtocolError                 becomes a JSON-RPC error
        ParseError, InvalidRequestError, MethodNotFoundError, InvalidParamsError, InternalError,
        StoreUnavailableError, HeaderMismatchError, MissingCapabilityError, UnsupportedVersionError
      AuthError                     becomes HTTP 401 or 403 with WWW-Authenticate
        InvalidTokenError           MissingTokenError
        InsufficientScopeError
        KeysUnavailableError        becomes HTTP 503: signing in again would not help
      ToolError                     becomes a tool result with isError: the agent can act on it
        InvalidArgumentError
        PluginFailedError           PluginOffError
        UpstreamError               NotFoundError, ForbiddenError, ConflictError, GoneError,
                                    InvalidDocumentError, RateLimitedError, UnavailableError,
                                    UnreachableError

What the agent can mend is a tool result; what only we can mend is an error of the protocol.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final


class OctoPerfMcpError(Exception):
    """Base of all: a short stable `code` and a sentence the reader can act on."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ConfigError(OctoPerfMcpError):
    """A setting is unknown, missing or impossible; printed once, exit status 2."""

    code = "config_error"


class PluginError(OctoPerfMcpError):
    """A plugin breaks a rule of the registry; the message names the plugin."""

    code = "plugin_error"


class SurfaceError(OctoPerfMcpError):
    """An address or a header field asks for a surface that does not exist."""

    code = "unknown_surface"


class ProtocolError(OctoPerfMcpError):
    """A JSON-RPC error: only the client's program, not the agent, can mend it."""

    code = "internal_error"
    rpc_code: ClassVar[int] = -32603

    def __init__(self, message: str, *, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.data = data


class ParseError(ProtocolError):
    """The body is no JSON."""

    code = "parse_error"
    rpc_code = -32700


class InvalidRequestError(ProtocolError):
    """The body is JSON but no request."""

    code = "invalid_request"
    rpc_code = -32600


class MethodNotFoundError(ProtocolError):
    """The method is unknown, or unknown in the negotiated revision."""

    code = "method_not_found"
    rpc_code = -32601


class InvalidParamsError(ProtocolError):
    """The parameters of a method (not the arguments of a tool) have the wrong shape."""

    code = "invalid_params"
    rpc_code = -32602


class InternalError(ProtocolError):
    """Something of ours broke; the log has the trace under the request id."""


STORE_RETRY_S: Final = 2
"""Seconds after which what replicas share may be reached again."""


class StoreUnavailableError(ProtocolError):
    """What replicas share cannot be reached; the log has the reason."""

    code = "store_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "What the replicas of this server share cannot be reached; send the request again in "
            "a few seconds.",
            data={"code": self.code, "retryAfterSec": STORE_RETRY_S},
        )


class HeaderMismatchError(ProtocolError):
    """A routing header is missing, repeated, or says something else than the body."""

    code = "header_mismatch"
    rpc_code = -32020


class MissingCapabilityError(ProtocolError):
    """The request needs a capability that the client did not declare in it."""

    code = "missing_capability"
    rpc_code = -32021


class UnsupportedVersionError(ProtocolError):
    """The revision is not spoken here; `data` lists those that are."""

    code = "unsupported_version"
    rpc_code = -32022


class AuthError(OctoPerfMcpError):
    """The caller is not known, or may not do this; answered with a challenge."""

    code = "invalid_token"
    status: ClassVar[int] = 401


class InvalidTokenError(AuthError):
    """No token, or one that is malformed, expired, revoked or meant for another service."""


class MissingTokenError(InvalidTokenError):
    """The request carries no credentials: challenged without an error code (RFC 6750)."""

    code = "missing_token"


class KeysUnavailableError(AuthError):
    """Tokens cannot be checked now, since the identity provider's keys cannot be fetched."""

    code = "temporarily_unavailable"
    status = 503


class InsufficientScopeError(AuthError):
    """The token is good but grants too little; `scopes` are all that the operation needs."""

    code = "insufficient_scope"
    status = 403

    def __init__(self, message: str, *, scopes: Sequence[str]) -> None:
        super().__init__(message)
        self.scopes = tuple(scopes)


class ToolError(OctoPerfMcpError):
    """A failure that the agent can act on.

    Args:
        message: One sentence that says what is wrong.
        next_step: What to do now, naming a tool where one helps; empty when nothing helps.
        details: Further members of the error object, JSON-ready.
    """

    code = "tool_error"

    def __init__(
        self, message: str, *, next_step: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.next_step = next_step
        self.details = dict(details or {})


class InvalidArgumentError(ToolError):
    """One argument of a tool call is missing, unknown or wrong.

    Args:
        message: What is wrong.
        field: Wire name of the argument, with a path below it where that helps (`patch/0/op`).
        got: The refused value; shortened, never a secret.
        allowed: What would have been accepted, when that is a short list.
        did_you_mean: What was meant: the nearest accepted spelling, bound, or form of the value.
        next_step: As in ToolError.
    """

    code = "invalid_argument"

    def __init__(
        self,
        message: str,
        *,
        field: str = "",
        got: Any = None,
        allowed: Sequence[str] = (),
        did_you_mean: Any = None,
        next_step: str = "",
    ) -> None:
        details: dict[str, Any] = {}
        if field:
            details["field"] = field
        if got is not None:
            details["got"] = got
        if allowed:
            details["allowed"] = list(allowed)
        if did_you_mean not in (None, ""):
            details["didYouMean"] = did_you_mean
        super().__init__(message, next_step=next_step, details=details)


class PluginFailedError(ToolError):
    """A third-party plugin broke, took too long or answered too much; nothing else is touched.

    Args:
        message: What happened.
        plugin: Whose fault it is.
        next_step: As in ToolError.
    """

    code = "plugin_failed"

    def __init__(
        self,
        message: str,
        *,
        plugin: str,
        next_step: str = "Tell the user; the plugin's author or the operator has to look into it.",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            message, next_step=next_step, details={"plugin": plugin, **(details or {})}
        )


class PluginOffError(PluginFailedError):
    """A third-party plugin is left alone for a while, since it failed again and again."""

    code = "plugin_off"

    def __init__(self, message: str, *, plugin: str, retry_after_s: float) -> None:
        super().__init__(
            message,
            plugin=plugin,
            next_step="Go on without this tool, or try again after that time.",
            details={"retryAfterSec": retry_after_s},
        )


class UpstreamError(ToolError):
    """OctoPerf refused or failed a call.

    Args:
        message: What happened, in our words; an upstream's HTML or trace never passes.
        status: HTTP status of the answer, 0 when there was none.
        endpoint: Method and path template of the call, without values.
        retry_after_s: Seconds to wait before the same call may succeed, if known.
        next_step: As in ToolError.
        details: As in ToolError.
    """

    code = "upstream_error"

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        endpoint: str = "",
        retry_after_s: float | None = None,
        next_step: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        merged = dict(details or {})
        if status:
            merged["status"] = status
        if retry_after_s is not None:
            merged["retryAfterSec"] = retry_after_s
        super().__init__(message, next_step=next_step, details=merged)
        self.status = status
        self.endpoint = endpoint
        self.retry_after_s = retry_after_s


class NotFoundError(UpstreamError):
    """404: nothing has this id, or the caller may not know that something has."""

    code = "not_found"


class ForbiddenError(UpstreamError):
    """403: the caller's role or plan does not allow it."""

    code = "forbidden"


class ConflictError(UpstreamError):
    """409 or 412: the document changed meanwhile, or its state forbids the action."""

    code = "conflict"


class GoneError(UpstreamError):
    """410: a presigned address was used or has expired."""

    code = "gone"


class InvalidDocumentError(UpstreamError):
    """400 or 422: the platform refuses the content."""

    code = "invalid_document"


class RateLimitedError(UpstreamError):
    """429."""

    code = "rate_limited"


class UnavailableError(UpstreamError):
    """No answer, a time-out, or 5xx."""

    code = "unavailable"


class UnreachableError(UnavailableError):
    """No answer, or none that is HTTP; `repeat` is whether asking again at once may help."""

    repeat = True
