"""Scripts of a collection: statements that extractors and assertions can stand for.

Scripts in JavaScript do not run here. What most tests of collections do is understood: a status
that is expected, a value of a JSON answer or a header that is kept in a variable.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from octoperf_mcp.embedded.importers.nodes import node
from octoperf_mcp.embedded.importers.postman.texts import plain
from octoperf_mcp.embedded.importers.values import mapping

Json = dict[str, Any]

_LONGEST = 64 * 1024
_TEXT = r"(?:\"(?P<{0}a>[^\"\n]*)\"|'(?P<{0}b>[^'\n]*)')"
_SET = (
    r"(?:pm\.(?:environment|collectionVariables|globals|variables)\.set"
    r"|postman\.set(?:Environment|Global)Variable)"
)
_JSON = r"(?:pm\.response\.json\(\)|JSON\.parse\(responseBody\))"
_PATH = r"(?P<path>(?:\.[A-Za-z_$][\w$]*|\[\d+\]|\[\"[^\"\]]+\"\]|\['[^'\]]+'\])+)"
_DECLARED = re.compile(rf"(?:const|let|var)\s+(?P<name>[A-Za-z_$][\w$]*)\s*=\s*{_JSON}\s*;?")
_STATUSES = (
    re.compile(r"pm\.response\.to\.have\.status\(\s*(?P<code>\d{3})\s*\)\s*;?"),
    re.compile(
        r"pm\.expect\(pm\.response\.code\)\.to\.(?:eql|equal|be\.equal|deep\.equal)"
        r"\(\s*(?P<code>\d{3})\s*\)\s*;?"
    ),
    re.compile(
        r"pm\.expect\(pm\.response\.code\)\.to\.be\.oneOf\(\s*\[(?P<code>[\d\s,]{3,80})\]\s*\)\s*;?"
    ),
    re.compile(r"tests\[[^\]\n]{1,200}\]\s*=\s*responseCode\.code\s*={2,3}\s*(?P<code>\d{3})\s*;?"),
)
_WRAPPING = re.compile(
    r"pm\.test\(\s*(?:\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`)\s*,\s*"
    r"(?:function\s*\([^()\n]{0,40}\)|\([^()\n]{0,40}\)\s*=>|\w{1,40}\s*=>)\s*\{?"
)
_COMMENT = re.compile(r"//[^\n]*|/\*[^*]*(?:\*(?!/)[^*]*)*\*/")
_LOGGED = re.compile(r"console\.log\([^()\n]*\)\s*;?")
_NOTHING = re.compile(r"[\s;(){}]*")


@dataclass(slots=True)
class Understood:
    """What a test script does; `whole` when nothing else is in it.

    Checks count only then: in a longer script they may stand under a condition.
    """

    actions: list[Json] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    whole: bool = False


def source_of(event: Json) -> str:
    """The text of a script."""
    script = event.get("script")
    lines = script if isinstance(script, str | list) else mapping(script).get("exec")
    if isinstance(lines, list):
        return "\n".join(plain(line) for line in lines)
    return plain(lines)


def understood(source: str) -> Understood:
    """Read a test script."""
    if len(source) > _LONGEST:
        return Understood()
    rest = _COMMENT.sub("", source)
    made = Understood()
    holders = [found["name"] for found in _DECLARED.finditer(rest)]
    rest = _DECLARED.sub("", rest)
    checks = []
    for pattern in _STATUSES:
        checks += [_status(found["code"]) for found in pattern.finditer(rest)]
        rest = pattern.sub("", rest)
    rest = _kept_values(rest, holders, made)
    rest = _LOGGED.sub("", _WRAPPING.sub("", rest))
    made.whole = _NOTHING.fullmatch(rest) is not None
    if made.whole:
        made.actions += checks
    return made


def _status(codes: str) -> Json:
    wanted = re.findall(r"\d{3}", codes)
    return node(
        "ResponseAssertion",
        f"Status {' or '.join(wanted)}",
        type="REQUEST_ONLY",
        location="CODE",
        rule="EQUALS" if len(wanted) == 1 else "MATCHES",
        patterns=["|".join(wanted)],
        negate=False,
        assumeSuccess=True,
        message="",
    )


def _kept_values(rest: str, holders: list[str], made: Understood) -> str:
    holder = "|".join([_JSON, *(re.escape(name) for name in holders)])
    name = _TEXT.format("v")
    value = re.compile(rf"{_SET}\(\s*{name}\s*,\s*(?:{holder}){_PATH}\s*\)\s*;?")
    header_name = _TEXT.format("h")
    header = re.compile(
        rf"{_SET}\(\s*{name}\s*,\s*pm\.response\.headers\.get\(\s*{header_name}\s*\)\s*\)\s*;?"
    )
    for found in value.finditer(rest):
        variable = found["va"] or found["vb"] or ""
        made.actions.append(
            node(
                "JsonPathVariableExtractor",
                variable,
                variable=variable,
                defaultValue="",
                matchNumber=1,
                path="$" + found["path"],
            )
        )
        made.names.append(variable)
    for found in header.finditer(rest):
        variable = found["va"] or found["vb"] or ""
        sent = re.escape(found["ha"] or found["hb"] or "")
        made.actions.append(
            node(
                "RegexpVariableExtractor",
                variable,
                variable=variable,
                defaultValue="",
                matchNumber=1,
                regexp=f"(?im)^{sent}: (.+)$",
                template="$1$",
                extractFrom="HEADERS",
                applyTo="REQUEST_ONLY",
            )
        )
        made.names.append(variable)
    return header.sub("", value.sub("", rest))


def kept(event: Json, source: str, *, before: bool) -> Json:
    """The script as it is, switched off."""
    kind = "JSR223PreProcessor" if before else "JSR223PostProcessor"
    name = "Pre-request script" if before else "Test script"
    return node(
        kind,
        plain(event.get("name")) or name,
        enabled=False,
        language="javascript",
        script=source,
        parameters="",
        filename=None,
    )
