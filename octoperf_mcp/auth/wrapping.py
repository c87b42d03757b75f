"""How tokens that people keep in files look: a prefix, the JWT itself, a checksum.

Scanners of leaked secrets know the prefix; the checksum tells a mistyped token from a refused one.
"""

import zlib

from octoperf_mcp.errors import InvalidTokenError

PREFIX = "opct_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_LENGTH = 6


def wrapped(jwt: str) -> str:
    """The token as it is handed out."""
    return f"{PREFIX}{jwt}_{_checksum(jwt)}"


def unwrapped(token: str) -> str:
    """The JWT; what has no prefix is one already.

    Raises:
        InvalidTokenError: the checksum is wrong.
    """
    if not token.startswith(PREFIX):
        return token
    jwt, _, checksum = token.removeprefix(PREFIX).rpartition("_")
    if checksum != _checksum(jwt):
        raise InvalidTokenError("The token was cut off or mistyped: its checksum is wrong.")
    return jwt


def _checksum(jwt: str) -> str:
    """CRC-32 in base 62."""
    rest, digits = zlib.crc32(jwt.encode("utf-8", "surrogatepass")), ""
    for _ in range(_CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
