import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from octoperf_mcp.embedded.engine.texts.expressions import ExpressionError, evaluate
from octoperf_mcp.embedded.engine.texts.java_formats import format_date, format_number, parse_date
from octoperf_mcp.embedded.engine.texts.templates import compile_text
from tests.octoperf_mcp.embedded.engine.players import Player


def render(text: str, **variables: str) -> str:
    player = Player([], thread_number=4)
    player.variables.update(variables)
    player.session.iteration = 3
    player.session.sampler_name = "/login"
    return compile_text(text).render(player.session)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("plain", "plain"),
        ("", ""),
        ("${a}", "1"),
        ("x${a}y${b}z", "x1y2z"),
        ("${gone}", "${gone}"),
        ("${a", "${a"),
        ("${}", "${}"),
        ("\\${a}", "${a}"),
        ("$a {b}", "$a {b}"),
        ("${outer${a}}", "${outer1}"),
        ("${__threadNum}", "4"),
        ("${__threadNum()}", "4"),
        ("${__iterationNum}", "3"),
        ("${__threadGroupName}", "Users"),
        ("${__samplerName}", "/login"),
        ("${__property(env)}", "test"),
        ("${__property(gone,,dflt)}", "dflt"),
        ("${__P(gone,x)}", "x"),
        ("${__intSum(1,${b},3)}", "6"),
        ("${__longSum(-1,5,total)}${total}", "44"),
        ("${__changeCase(abC,UPPER)}", "ABC"),
        ("${__changeCase(abC,CAPITALIZE)}", "AbC"),
        ("${__V(${name})}", "1"),
        ("${__urlencode(a b&c)}", "a+b%26c"),
        ("${__unescapeHtml(a&amp;b&#x27;)}", "a&b'"),
        ("${__escapeHtml(<a>)}", "&lt;a&gt;"),
        ("${__base64Encode(abc)}", "YWJj"),
        ("${__Random(5,5,r)}-${r}", "5-5"),
        ("${__Random(a,b)}", "${__Random(a,b)}"),
        ("${__RandomString(3,x)}", "xxx"),
        ("${__unknown(1)}", "${__unknown(1)}"),
        ("${__groovy(new Date())}", "${__groovy(new Date())}"),
        ("${__changeCase(a\\,b,UPPER)}", "A,B"),
        ("${__counter(TRUE)}${__counter(TRUE)}", "12"),
        ("${__eval(${name}=${a})}", "a=1"),
        ("${__split(x:y,p,:)}|${p_1}|${p_2}|${p_n}", "x:y|x|y|2"),
        ("${__char(65,0x42)}", "AB"),
        ("${__digest(SHA-1,abc,,,)}", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("${__digest(MD5,a,bc,true,)}", "900150983CD24FB0D6963F7D28E17F72"),
        ("${__MD5(abc)}", "900150983cd24fb0d6963f7d28e17f72"),
        ("${__digest(ROT13,abc)}", "${__digest(ROT13,abc)}"),
        ("${__RandomDate(yyyy-MM-dd,2026-01-01,2026-01-02,,)}", "2026-01-01"),
        ("${__RandomFromMultipleVars(a|gone)}", "1"),
        ("${__dateTimeConvert(31/12/2025,dd/MM/yyyy,yyyy-MM-dd,)}", "2025-12-31"),
        ("${__dateTimeConvert(0,,yyyy,)}", "1970"),
        ("${__escapeOroRegexpChars(a.b*,)}", "a\\.b\\*"),
        ("${__isDefined(a)}${__isDefined(gone)}", "10"),
        ("${__log(seen)}${__logn(silent)}", "seen"),
        ("${__strLen(abc)}${__substring(abcd,1,3)}", "3bc"),
        ("${__strReplace(a.b,.,-)}${__strReplaceRegex(a1,[0-9],x)}", "a-bax"),
        ("${__uppercase(a)}${__lowercase(B)}", "Ab"),
        ("${__if(1,${a},yes,no)}", "yes"),
        ("${__doubleSum(1.5,2)}", "3.5"),
    ],
)
def test_placeholders_and_functions_are_rendered(text: str, rendered: str) -> None:
    assert render(text, a="1", b="2", name="a") == rendered


def test_functions_read_project_files_and_name_missing_ones(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("ada\ngrace\n", encoding="utf-8")
    player = Player([], resources=tmp_path)
    line = compile_text("${__StringFromFile(/any/names.txt)}")
    assert [line.render(player.session) for _ in range(3)] == ["ada", "grace", "ada"]
    assert compile_text("${__FileToString(names.txt)}").render(player.session) == "ada\ngrace\n"
    assert compile_text("${__FileToString(gone.txt)}").render(player.session) == "**ERR**"
    assert "resources/gone.txt cannot be read" in player.notes.lines[0]


def test_constant_texts_are_known_as_such() -> None:
    assert compile_text("a\\${b}").constant == "a${b}"
    assert compile_text("a${b}").constant is None


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("${__time()}", r"\d{13}"),
        ("${__time(/1000)}", r"\d{10}"),
        ("${__time(yyyy-MM-dd'T'HH:mm:ss.SSS)}", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}"),
        ("${__timeShift(yyyy-MM-dd,,P1D,,)}", r"\d{4}-\d\d-\d\d"),
        ("${__UUID()}", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("${__UUID}", r"[0-9a-f-]{36}"),
        ("${__Random(1,6)}", "[1-6]"),
        ("${__RandomString(12)}", "[A-Za-z0-9]{12}"),
        ("${__RandomString(4,ab,v)}", "[ab]{4}"),
    ],
)
def test_functions_make_fresh_values(text: str, shape: str) -> None:
    assert re.fullmatch(shape, render(text))


def test_a_date_is_shifted_and_read_by_its_format() -> None:
    assert render("${__timeShift(dd/MM/yyyy,31/12/2025,P1D,,)}") == "01/01/2026"
    assert (
        render("${__timeShift(yyyy-MM-dd HH:mm,2026-01-01 00:10,-PT20M,,)}") == "2025-12-31 23:50"
    )


@pytest.mark.parametrize(
    ("value", "pattern", "text"),
    [
        (7, "", "7"),
        (7, "000", "007"),
        (7, "USER_000", "USER_007"),
        (1234567, "#,##0", "1,234,567"),
        (12, "#,##0", "12"),
        (-5, "00", "-05"),
        (3, "0.00", "3.00"),
        (3, "'n'0", "n3"),
        (1234, "0", "1234"),
    ],
)
def test_numbers_are_formatted_as_java_does(value: int, pattern: str, text: str) -> None:
    assert format_number(value, pattern) == text


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyyMMdd", "20260302"),
        ("d/M/yy", "2/3/26"),
        ("EEE, dd MMM yyyy HH:mm:ss z", "Mon, 02 Mar 2026 09:05:07 UTC"),
        ("EEEE h 'o''clock' a", "Monday 9 o'clock AM"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2026-03-02T09:05:07.045Z"),
        ("HH:mmZ", "09:05+0000"),
    ],
)
def test_dates_are_formatted_as_java_does(pattern: str, text: str) -> None:
    moment = datetime(2026, 3, 2, 9, 5, 7, 45_000, tzinfo=UTC)
    assert format_date(moment, pattern) == text


def test_dates_are_read_back() -> None:
    assert parse_date("2026-03-02", "yyyy-MM-dd") == datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 % 4 == 3", True),
        ("6 / 4", 1.5),
        ("-2 < 1", True),
        ('"b" > "a"', True),
        ('"10" > 9', True),
        ('"x" == 9', False),
        ('"ab" + 1', "ab1"),
        ('"a.c" =~ "a.c"', True),
        ("!true || false", False),
        ('"abc".contains("b") && "abc".length() == 3', True),
        ('vars.get("k")', "v"),
        ("null == null", True),
        ('"say \\"hi\\""', 'say "hi"'),
    ],
)
def test_expressions_have_values(text: str, value: object) -> None:
    assert evaluate(text, {"k": "v"}) == value


@pytest.mark.parametrize(
    "text", ["1 +", "foo", "1 2", '"a" - 1', "a.b()", "__import__('os')", "1/0"]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, {})
