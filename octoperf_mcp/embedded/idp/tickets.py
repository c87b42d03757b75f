"""Random texts that a bearer presents, and what is kept of them."""

import base64
import hashlib
import hmac
import secrets


def new_ticket(prefix: str = "") -> str:
    """A text of 256 random bits; the prefix lets scanners of leaked secrets recognise it."""
    return prefix + secrets.token_urlsafe(32)


def hash_of(ticket: str) -> str:
    """What the database keeps; plain SHA-256 is enough against 256 random bits."""
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).hexdigest()


def derived(secret: bytes, purpose: str, text: str) -> str:
    """A text that only the holder of the secret can make from another one."""
    mac = hmac.digest(secret, f"{purpose}\0{text}".encode("utf-8", "surrogatepass"), "sha256")
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def same(one: str, other: str) -> bool:
    """Compare without telling by the time how much was right."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )
