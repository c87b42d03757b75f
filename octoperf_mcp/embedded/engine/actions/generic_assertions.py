"""Assertions that only JMeter has, kept as GenericAction: size, XPath, XML, checksum, duration."""

import hashlib
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from octoperf_mcp.embedded.engine.actions.assertions import ASSERTIONS, Assertion, Node
from octoperf_mcp.embedded.engine.actions.subjects import (
    REQUEST_AND_SUBREQUESTS,
    REQUEST_ONLY,
    SUBREQUESTS_ONLY,
    answers_of,
)
from octoperf_mcp.embedded.engine.play.session import Check, UserSession
from octoperf_mcp.embedded.engine.texts.templates import Template, compile_text

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.wire.exchange import Exchange

_MS = 1000
_SCOPES = {"all": REQUEST_AND_SUBREQUESTS, "children": SUBREQUESTS_ONLY}
_OPERATORS: dict[str, tuple[str, Callable[[int, int], bool]]] = {
    "1": ("equal to", operator.eq),
    "2": ("not equal to", operator.ne),
    "3": ("greater than", operator.gt),
    "4": ("less than", operator.lt),
    "5": ("greater than or equal to", operator.ge),
    "6": ("less than or equal to", operator.le),
}
_SIZES: dict[str, Callable[["Exchange"], int]] = {
    "response_network_size": lambda answer: answer.received_bytes,
    "response_data": lambda answer: len(answer.body),
    "response_headers": lambda answer: len(answer.header_text),
    "response_code": lambda answer: len(answer.code),
    "response_message": lambda answer: len(answer.reason),
}


def kept_property(node: Node, name: str) -> Template:
    """A property of a kept element as a template."""
    return compile_text(str((node.get("properties") or {}).get(name) or ""))


def _constant(node: Node, name: str) -> str:
    return str((node.get("properties") or {}).get(name) or "")


def _duration(node: Node) -> Assertion:
    name, limit = (
        str(node.get("name") or "Duration assertion"),
        kept_property(node, "DurationAssertion.duration"),
    )

    def check(session: UserSession, exchange: "Exchange") -> Check:
        text = limit.render(session)
        took = sum(answer.elapsed_us for answer in (exchange, *exchange.hops)) / _MS
        try:
            late = 0 < float(text or 0) < took
        except ValueError:
            return Check(name, error=True, message=f"{text!r} is no number of milliseconds")
        told = (
            f"The operation lasted too long: It took {took:.0f} milliseconds, but should not have "
            f"lasted longer than {text} milliseconds."
        )
        return Check(name, failure=late, message=told if late else "")

    return Assertion(check)


def _size(node: Node) -> Assertion:
    """The size in bytes of the answer, or of a part of it, against a number."""
    name = str(node.get("name") or "Size assertion")
    wanted = kept_property(node, "SizeAssertion.size")
    field = _constant(node, "Assertion.test_field").removeprefix("SizeAssertion.")
    measure = _SIZES.get(field, _SIZES["response_network_size"])
    words, holds = _OPERATORS.get(_constant(node, "SizeAssertion.operator"), _OPERATORS["1"])
    scope = _SCOPES.get(_constant(node, "Assertion.scope"), REQUEST_ONLY)

    def check(session: UserSession, exchange: "Exchange") -> Check:
        text = wanted.render(session)
        if not text.strip().lstrip("-").isdigit():
            return Check(name, error=True, message=f"{text!r} is no number of bytes")
        for answer in answers_of(exchange, scope):
            size = measure(answer)
            if not holds(size, int(text)):
                told = f"The result was the wrong size: It was {size:,} bytes, but should have been"
                return Check(name, failure=True, message=f"{told} {words} {int(text):,} bytes.")
        return Check(name)

    return Assertion(check)


def _xpath(node: Node) -> Assertion:
    """Whether an XPath finds something in the answer, or its expression is true."""
    name = str(node.get("name") or "XPath assertion")
    properties = node.get("properties") or {}
    source = kept_property(node, "XPath.xpath")
    negate = str(properties.get("XPath.negate")).lower() == "true"
    tolerant = str(properties.get("XPath.tolerant")).lower() == "true"

    def check(session: UserSession, exchange: "Exchange") -> Check:
        path = source.render(session) or "/"
        try:
            found = _found(exchange.text, path, tolerant=tolerant)
        except Exception as error:  # noqa: BLE001 - the libraries have many; all mean path or text
            return Check(name, error=True, message=f"{path}: {error}")
        if found != negate:
            return Check(name)
        told = f"Nodes Matched for {path}" if negate else f"No Nodes Matched {path}"
        return Check(name, failure=True, message=told)

    return Assertion(check)


def _found(text: str, path: str, *, tolerant: bool) -> bool:
    root = _tree(text, tolerant=tolerant)
    found: Any = root.xpath(path)
    return bool(found) if not isinstance(found, float) else found != 0


def _tree(text: str, *, tolerant: bool) -> Any:
    """The root of a page, or of XML that is well-formed.

    Raises:
        ValueError: it is not.
    """
    from parsel import Selector  # noqa: PLC0415 - loaded when a tree needs it

    if tolerant:
        return Selector(text=text, type="html").root
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - as above
    from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415

    try:
        fromstring(text, forbid_dtd=False)
    except (ParseError, DefusedXmlException) as error:
        raise ValueError(f"The answer is no XML: {error}") from error
    return Selector(text=text, type="xml").root


def _xml(node: Node) -> Assertion:
    """Whether the answer is well-formed XML."""
    name = str(node.get("name") or "XML assertion")

    def check(_: UserSession, exchange: "Exchange") -> Check:
        try:
            _tree(exchange.text, tolerant=False)
        except ValueError as error:
            return Check(name, failure=True, message=str(error))
        return Check(name)

    return Assertion(check)


def _md5(node: Node) -> Assertion:
    name = str(node.get("name") or "MD5Hex assertion")
    wanted = kept_property(node, "MD5HexAssertion.size")

    def check(session: UserSession, exchange: "Exchange") -> Check:
        expected = wanted.render(session).strip().lower()
        sum_ = hashlib.md5(exchange.body, usedforsecurity=False).hexdigest()
        told = f"Error asserting MD5 sum : got {sum_} but should have been {expected}"
        return Check(name, failure=sum_ != expected, message=told if sum_ != expected else "")

    return Assertion(check)


GENERIC_ASSERTIONS: dict[str, Callable[[Node], Assertion]] = {
    "DurationAssertion": _duration,
    "MD5HexAssertion": _md5,
    "SizeAssertion": _size,
    "XMLAssertion": _xml,
    "XPathAssertion": _xpath,
}
"""By class."""

ASSERTIONS |= GENERIC_ASSERTIONS
