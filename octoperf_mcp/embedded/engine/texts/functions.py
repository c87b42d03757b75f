"""`${__function(…)}`: the functions that texts may call. Adding one is a line in `FUNCTIONS`.

A function that raises ValueError, IndexError or KeyError leaves its call as it stands.
"""

import base64
import html
import random
import string
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, unquote_plus

from octoperf_mcp.embedded.engine.texts.expressions import evaluate_text
from octoperf_mcp.embedded.engine.texts.java_formats import format_date, parse_date, shifted
from octoperf_mcp.embedded.engine.texts.text_functions import TEXT_FUNCTIONS
from octoperf_mcp.embedded.engine.texts.text_functions import kept as _kept

if TYPE_CHECKING:
    from octoperf_mcp.embedded.engine.play.session import UserSession

Arguments = Sequence[str]
Function = Callable[["UserSession", Arguments], str]
_SECOND = 1000


def _argument(arguments: Arguments, index: int, default: str = "") -> str:
    return arguments[index] if index < len(arguments) and arguments[index] != "" else default


def _time(session: "UserSession", arguments: Arguments) -> str:
    pattern = _argument(arguments, 0)
    now = time.time()
    if not pattern:
        value = str(int(now * _SECOND))
    elif pattern.startswith("/") and pattern[1:].isdigit():
        value = str(int(now * _SECOND) // int(pattern[1:]))
    else:
        value = format_date(datetime.fromtimestamp(now, UTC), pattern)
    return _kept(session, arguments, 1, value)


def _time_shift(session: "UserSession", arguments: Arguments) -> str:
    pattern, date = _argument(arguments, 0), _argument(arguments, 1)
    if not date:
        moment = datetime.now(UTC)
    elif pattern:
        moment = parse_date(date, pattern)
    else:
        moment = datetime.fromtimestamp(int(date) / _SECOND, UTC)
    if _argument(arguments, 2):
        moment = shifted(moment, arguments[2])
    value = format_date(moment, pattern) if pattern else str(int(moment.timestamp() * _SECOND))
    return _kept(session, arguments, 4, value)


def _random(session: "UserSession", arguments: Arguments) -> str:
    value = str(session.random.randint(int(arguments[0]), int(arguments[1])))
    return _kept(session, arguments, 2, value)


def _random_string(session: "UserSession", arguments: Arguments) -> str:
    alphabet = _argument(arguments, 1, string.ascii_letters + string.digits)
    value = "".join(session.random.choices(alphabet, k=int(arguments[0])))
    return _kept(session, arguments, 2, value)


def _change_case(session: "UserSession", arguments: Arguments) -> str:
    mode = _argument(arguments, 1, "UPPER").upper()
    text = arguments[0]
    value = {"UPPER": text.upper(), "LOWER": text.lower()}.get(mode, text[:1].upper() + text[1:])
    return _kept(session, arguments, 2, value)


def _sum(session: "UserSession", arguments: Arguments) -> str:
    """Numbers added up; a last argument that is no number names a variable."""
    *numbers, last = arguments
    named = not last.lstrip("+-").isdigit()
    total = str(sum(int(number) for number in (numbers if named else arguments)))
    return _kept(session, [last], 0, total) if named else total


def _property(session: "UserSession", arguments: Arguments) -> str:
    """`__property(name, variable, default)`; without a default the name itself, as JMeter does."""
    name = arguments[0]
    return _kept(session, arguments, 1, session.properties.get(name, _argument(arguments, 2, name)))


def _short_property(session: "UserSession", arguments: Arguments) -> str:
    """`__P(name, default)`; the default's default is 1, as JMeter has it."""
    return session.properties.get(arguments[0], _argument(arguments, 1, "1"))


def _set_property(session: "UserSession", arguments: Arguments) -> str:
    session.properties[arguments[0]] = arguments[1]
    return ""


def _value(session: "UserSession", arguments: Arguments) -> str:
    return session.variables.get(arguments[0], _argument(arguments, 1, arguments[0]))


def _counter(session: "UserSession", arguments: Arguments) -> str:
    """Counts its calls: of this user with TRUE, of all users of the generator with FALSE."""
    shared = _argument(arguments, 0, "FALSE").upper() == "FALSE"
    return _kept(session, arguments, 1, str(session.count_call(shared=shared)))


def _expression(session: "UserSession", arguments: Arguments) -> str:
    """`__groovy`, `__jexl3`, `__jexl2`, `__javaScript`: comparisons and variable look-ups only."""
    return _kept(session, arguments, 1, evaluate_text(arguments[0], session.variables))


FUNCTIONS: dict[str, Function] = {
    **TEXT_FUNCTIONS,
    "__time": _time,
    "__timeShift": _time_shift,
    "__UUID": lambda _, __: str(uuid.UUID(int=random.getrandbits(128), version=4)),
    "__Random": _random,
    "__RandomString": _random_string,
    "__changeCase": _change_case,
    "__intSum": _sum,
    "__longSum": _sum,
    "__threadNum": lambda session, _: str(session.thread_number),
    "__threadGroupName": lambda session, _: session.profile_name,
    "__samplerName": lambda session, _: session.sampler_name,
    "__iterationNum": lambda session, _: str(session.iteration),
    "__property": _property,
    "__P": _short_property,
    "__setProperty": _set_property,
    "__V": _value,
    "__counter": _counter,
    "__urlencode": lambda _, arguments: quote_plus(arguments[0]),
    "__urldecode": lambda _, arguments: unquote_plus(arguments[0]),
    "__escapeHtml": lambda _, arguments: html.escape(arguments[0]),
    "__unescapeHtml": lambda _, arguments: html.unescape(arguments[0]),
    "__base64Encode": lambda _, arguments: base64.b64encode(arguments[0].encode()).decode(),
    "__base64Decode": lambda _, arguments: base64.b64decode(arguments[0]).decode(),
    "__groovy": _expression,
    "__jexl3": _expression,
    "__jexl2": _expression,
    "__javaScript": _expression,
}
EXPRESSIONS = frozenset({"__groovy", "__jexl3", "__jexl2", "__javaScript"})
"""Those whose first argument is an expression."""
