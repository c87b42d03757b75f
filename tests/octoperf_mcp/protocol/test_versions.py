"""Our tables are those of the official types."""

from mcp_types import jsonrpc as their_codes
from mcp_types import version as theirs

from octoperf_mcp import errors
from octoperf_mcp.protocol import versions


def test_the_revisions_are_the_official_ones() -> None:
    assert versions.LEGACY_VERSIONS == theirs.HANDSHAKE_PROTOCOL_VERSIONS
    assert versions.MODERN_VERSIONS == theirs.MODERN_PROTOCOL_VERSIONS


def test_the_metadata_keys_are_the_official_ones() -> None:
    import mcp_types

    assert versions.META_VERSION == mcp_types.PROTOCOL_VERSION_META_KEY
    assert versions.META_CAPABILITIES == mcp_types.CLIENT_CAPABILITIES_META_KEY
    assert versions.META_LOG_LEVEL == mcp_types.LOG_LEVEL_META_KEY
    assert versions.META_SERVER_INFO == mcp_types.SERVER_INFO_META_KEY


def test_the_error_codes_are_the_official_ones() -> None:
    assert errors.ParseError.rpc_code == their_codes.PARSE_ERROR
    assert errors.InvalidRequestError.rpc_code == their_codes.INVALID_REQUEST
    assert errors.MethodNotFoundError.rpc_code == their_codes.METHOD_NOT_FOUND
    assert errors.InvalidParamsError.rpc_code == their_codes.INVALID_PARAMS
    assert errors.InternalError.rpc_code == their_codes.INTERNAL_ERROR
    assert errors.HeaderMismatchError.rpc_code == their_codes.HEADER_MISMATCH
    assert errors.MissingCapabilityError.rpc_code == their_codes.MISSING_REQUIRED_CLIENT_CAPABILITY
    assert errors.UnsupportedVersionError.rpc_code == their_codes.UNSUPPORTED_PROTOCOL_VERSION
