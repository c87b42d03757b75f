"""HTTP digest authentication (RFC 7616): the answer of a user to a server's challenge."""

import hashlib
import re
import secrets
from dataclasses import dataclass

from octoperf_mcp.embedded.engine.wire.exchange import Exchange

_UNAUTHORIZED = 401
_PAIR = re.compile(r'([A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


@dataclass(slots=True)
class Challenge:
    """What a server asked for; it is answered again and again until the server sends another."""

    realm: str
    nonce: str
    opaque: str
    algorithm: str
    uses_qop: bool
    count: int = 0

    @classmethod
    def of(cls, exchange: Exchange) -> "Challenge | None":
        """The challenge in an answer with status 401; None when there is none that we know."""
        if exchange.status != _UNAUTHORIZED:
            return None
        for name, value in exchange.headers:
            scheme, _, rest = value.strip().partition(" ")
            if name.lower() == "www-authenticate" and scheme.lower() == "digest":
                found = cls._parsed(rest)
                if found is not None:
                    return found
        return None

    @classmethod
    def _parsed(cls, text: str) -> "Challenge | None":
        said = {
            name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare
            for name, quoted, bare in _PAIR.findall(text)
        }
        algorithm = said.get("algorithm", "MD5").upper()
        qop = [one.strip() for one in said.get("qop", "").lower().split(",") if one.strip()]
        known = algorithm.removesuffix("-SESS") in _HASHES
        if "nonce" not in said or not known or (qop and "auth" not in qop):
            return None
        return cls(
            said.get("realm", ""), said["nonce"], said.get("opaque", ""), algorithm, bool(qop)
        )

    def answer(self, username: str, password: str, method: str, target: str) -> str:
        """The `Authorization` header of a request."""
        self.count += 1
        count, cnonce = f"{self.count:08x}", secrets.token_hex(8)
        secret = self._hash(f"{username}:{self.realm}:{password}")
        if self.algorithm.endswith("-SESS"):
            secret = self._hash(f"{secret}:{self.nonce}:{cnonce}")
        asked = self._hash(f"{method}:{target}")
        middle = f"{count}:{cnonce}:auth:" if self.uses_qop else ""
        fields = {
            "username": _quoted(username),
            "realm": _quoted(self.realm),
            "nonce": _quoted(self.nonce),
            "uri": _quoted(target),
            "algorithm": self.algorithm,
            "response": _quoted(self._hash(f"{secret}:{self.nonce}:{middle}{asked}")),
        }
        if self.uses_qop:
            fields |= {"qop": "auth", "nc": count, "cnonce": _quoted(cnonce)}
        if self.opaque:
            fields["opaque"] = _quoted(self.opaque)
        return "Digest " + ", ".join(f"{name}={value}" for name, value in fields.items())

    def _hash(self, text: str) -> str:
        name = _HASHES[self.algorithm.removesuffix("-SESS")]
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
