"""Conditions: comparisons, `&&`, `||`, `!`, brackets, arithmetic and `vars.get("name")`.

A small grammar instead of a scripting language; what goes beyond it raises ExpressionError.

    or    := and ("||" and)*            and  := not ("&&" not)*
    not   := "!" not | compare          compare := sum (op sum)?
    sum   := product (("+" | "-") product)*
    product := value (("*" | "/" | "%") value)*
    value := number | text | true | false | null | "(" or ")" | vars.get(text) | "-" value
             followed by any of .equals(or) .contains(or) .startsWith(or) .endsWith(or)
             .isEmpty() .length() .trim() .toInteger() .toLowerCase() .toUpperCase()
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

Value = bool | int | float | str | None

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<name>[A-Za-z_]\w*)
    | (?P<op>==|!=|<=|>=|=~|&&|\|\||[-+*/%<>!().,])
    )""",
    re.VERBOSE,
)
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}
_METHODS: dict[str, Callable[..., Value]] = {
    "equals": lambda text, other: text == other,
    "contains": lambda text, other: str(other) in str(text),
    "startsWith": lambda text, other: str(text).startswith(str(other)),
    "endsWith": lambda text, other: str(text).endswith(str(other)),
    "isEmpty": lambda text: not text,
    "length": lambda text: len(str(text)),
    "size": lambda text: len(str(text)),
    "trim": lambda text: str(text).strip(),
    "toInteger": lambda text: int(str(text)),
    "toLowerCase": lambda text: str(text).lower(),
    "toUpperCase": lambda text: str(text).upper(),
}


class ExpressionError(ValueError):
    """A text that is no expression of this grammar."""


def evaluate(text: str, variables: Mapping[str, str]) -> Value:
    """The value of an expression.

    Raises:
        ExpressionError: it is outside the grammar, or compares what cannot be compared.
    """
    parser = _Parser(text, variables)
    try:
        value = parser.either()
    except (TypeError, ArithmeticError) as error:
        raise ExpressionError(f"{text!r}: {error}") from error
    if parser.token[1]:
        raise ExpressionError(f"{text!r}: unexpected {parser.token[1]!r}")
    return value


def evaluate_text(text: str, variables: Mapping[str, str]) -> str:
    """The value as text, the way a function call yields it: `true`, `false`, digits."""
    value = evaluate(text, variables)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def is_true(text: str, variables: Mapping[str, str]) -> bool:
    """Whether a condition holds: the word `true` in any case, or an expression that is true.

    Raises:
        ExpressionError: the text is neither.
    """
    word = text.strip().lower()
    if word in {"true", "false", ""}:
        return word == "true"
    value = evaluate(text, variables)
    return value is True or (isinstance(value, str) and value.lower() == "true")


class _Parser:
    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        self._text = text
        self._variables = variables
        self._position = 0
        self.token = ("", "")
        self._next()

    def _next(self) -> str:
        taken = self.token[1]
        rest = self._text[self._position :]
        if not rest.strip():
            self.token = ("", "")
            return taken
        found = _TOKEN.match(rest)
        if found is None:
            raise ExpressionError(f"{self._text!r}: cannot read {rest.strip()[:20]!r}")
        self._position += found.end()
        self.token = (str(found.lastgroup), found.group(str(found.lastgroup)))
        return taken

    def _take(self, *wanted: str) -> str:
        return self._next() if self.token[0] == "op" and self.token[1] in wanted else ""

    def _expect(self, wanted: str) -> None:
        if not self._take(wanted):
            raise ExpressionError(f"{self._text!r}: {wanted!r} is missing")

    def either(self) -> Value:
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = bool(value) or bool(other)
        return value

    def _both(self) -> Value:
        value = self._negated()
        while self._take("&&"):
            other = self._negated()
            value = bool(value) and bool(other)
        return value

    def _negated(self) -> Value:
        return not self._negated() if self._take("!") else self._compared()

    def _compared(self) -> Value:
        left = self._sum()
        sign = self._take(*_COMPARISONS, "=~")
        if not sign:
            return left
        right = self._sum()
        if sign == "=~":
            return re.search(str(right), str(left)) is not None
        left, right = _comparable(left, right)
        return bool(_COMPARISONS[sign](left, right))

    def _sum(self) -> Value:
        value = self._product()
        while sign := self._take("+", "-"):
            other = self._product()
            if sign == "+" and (isinstance(value, str) or isinstance(other, str)):
                value = f"{value}{other}"
            else:
                value = _number(value) + _number(other) * (1 if sign == "+" else -1)
        return value

    def _product(self) -> Value:
        value = self._value()
        while sign := self._take("*", "/", "%"):
            left, right = _number(value), _number(self._value())
            value = {"*": operator.mul, "/": _divided, "%": operator.mod}[sign](left, right)
        return value

    def _value(self) -> Value:
        value = self._plain()
        while self._take("."):
            method = _METHODS.get(self._next())
            self._expect("(")
            arguments = [] if self.token[1] == ")" else [self.either()]
            self._expect(")")
            if method is None:
                raise ExpressionError(f"{self._text!r}: unknown method")
            value = method(value, *arguments)
        return value

    def _plain(self) -> Value:
        if self._take("-"):
            return -_number(self._value())
        if self._take("("):
            value = self.either()
            self._expect(")")
            return value
        kind, text = self.token
        self._next()
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if text in _WORDS:
            return _WORDS[text]
        if text == "vars":
            return self._variable()
        raise ExpressionError(f"{self._text!r}: unexpected {text!r}")

    def _variable(self) -> Value:
        self._expect(".")
        if self._next() != "get":
            raise ExpressionError(f"{self._text!r}: only vars.get is known")
        self._expect("(")
        name = self.either()
        self._expect(")")
        return self._variables.get(str(name))


def _number(value: Value) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"{value!r} is no number")
    return value


def _divided(left: float, right: float) -> int | float:
    whole = isinstance(left, int) and isinstance(right, int) and left % right == 0
    return int(left // right) if whole else left / right


def _comparable(left: Value, right: Value) -> tuple[Value, Value]:
    """A number and a text are compared as numbers when the text is one."""
    for one, other in ((left, right), (right, left)):
        is_number = isinstance(one, int | float) and not isinstance(one, bool)
        if is_number and isinstance(other, str):
            try:
                changed = float(other)
            except ValueError:
                return str(left), str(right)
            return (left, changed) if other is right else (changed, right)
    return left, right
