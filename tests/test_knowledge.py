"""What the public texts teach, held against what the server can do."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from math import log
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo

import pytest

from octoperf_analysis.items import VALUE_TOOLS
from octoperf_mcp.embedded.engine.validation.results import category_of
from octoperf_mcp.embedded.metrics.metric_ids import IDS
from octoperf_mcp.embedded.schedules.jobs import MISSED, REFUSED, STARTED
from octoperf_mcp.embedded.schedules.triggers import CRON, next_fire
from octoperf_mcp.entities.added_types import schema_text, with_added_types
from octoperf_mcp.entities.runs import STATES
from octoperf_mcp.entities.schemas import schema
from octoperf_mcp.entities.steps import STEP_TYPES
from octoperf_mcp.registry.collecting import RESERVED
from octoperf_mcp.registry.guide import called_tools, published
from octoperf_mcp.registry.manager import load_registry
from octoperf_mcp.registry.schema import written_schema

REGISTRY = load_registry()
ASSETS = published(REGISTRY, "https://mcp.acme.test", "https://mcp.acme.test").public_assets
TEXTS = {path: asset.content.decode() for path, asset in ASSETS.items() if path.endswith(".md")}
SKILLS = {path.removeprefix("skills/").removesuffix(".md"): path for path in TEXTS if "/" in path}
SCHEMAS = ("vu", "scenario", "bench-report", "variables", "correlation-rules", "injection-rules")

FAILURES: list[tuple[str, str, list[dict[str, Any]]]] = [
    *[(code, "", []) for code in ("-1", "200", "400", "401", "404", "409", "422", "503")],
    ("-1", "Scripts in lua are not run by this engine", []),
    ("200", "", [{"failure": True, "error": False}]),
]
CATEGORIES = {
    category_of({"code": code, "message": message, "assertions": checks})
    for code, message, checks in FAILURES
}
FILTERS = {"subSampleType"}
ANSWERED = {"PENDING", "SUCCESS", "FAILED", "ERROR", "WARNING", "INFO", "EXTRACT", "INJECT"}
FIRES = {STARTED, REFUSED, MISSED}
FORM_FIELDS = {"VIEWSTATE", "EVENTVALIDATION"}
HTTP = {"POST"}


def walk(node: Any) -> Iterator[tuple[str, Any]]:
    """Each key with its value, at any depth."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def known_words() -> tuple[set[str], set[str]]:
    """Names of properties, and values of enumerations, of all tools and documents."""
    tools = REGISTRY.tools.values()
    documents = [dict(tool.definition) for tool in tools]
    documents += [written_schema(get_type_hints(tool.function)["return"]) for tool in tools]
    names: set[str] = set()
    values: set[str] = set()
    for key, value in walk([*documents, *(schema(name) for name in SCHEMAS)]):
        if key == "properties":
            names |= set(value)
        if key == "enum":
            values |= {str(item) for item in value}
        if key == "const":
            values.add(str(value))
    return names, values


PROPERTIES, VALUES = known_words()


def code_of(text: str) -> Iterator[str]:
    """Inline code and blocks."""
    for found in re.findall(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", text, re.DOTALL):
        yield found[0] or found[1]


def calls_of(text: str) -> Iterator[tuple[str, set[str]]]:
    """Each call `tool(a, b=…)` written in code, with the names of its arguments."""
    for code in code_of(text):
        bare = re.sub(r'"(?:\\.|[^"\\])*"', '""', code)
        while re.search(r"[\[{][^\[\]{}]*[\]}]", bare):
            bare = re.sub(r"[\[{][^\[\]{}]*[\]}]", "0", bare)
        for name, arguments in re.findall(r"\b([a-z]+(?:_[a-z0-9]+)+)\(([^()]*)\)", bare):
            yield name, {part.partition("=")[0].strip() for part in arguments.split(",")} - {""}


@pytest.mark.parametrize("path", TEXTS)
def test_calls_have_the_parameters_that_the_tools_take(path: str) -> None:
    calls = list(calls_of(TEXTS[path]))
    assert {name for name, _ in calls} == called_tools(TEXTS[path])
    for name, arguments in calls:
        given = REGISTRY.tools[name].definition["inputSchema"]
        assert arguments <= set(given["properties"]), name
        assert set(given.get("required", ())) <= arguments, name


@pytest.mark.parametrize("path", TEXTS)
def test_every_word_in_code_is_a_word_of_the_server(path: str) -> None:
    """Tools, properties, states, types: nothing that an agent would look for in vain."""
    words = {code for code in code_of(TEXTS[path]) if re.fullmatch(r"\w+", code)}
    tools = {word for word in words if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", word)}
    camel = {word for word in words if re.fullmatch(r"[a-z]+([A-Z][a-zA-Z]*)+", word)}
    upper = {word for word in words if re.fullmatch(r"[A-Z][A-Z0-9_]+", word)}
    types = {word for word in words if re.fullmatch(r"([A-Z][a-z]+){2,}", word)}
    assert tools <= {*REGISTRY.tools, *RESERVED}
    assert camel <= PROPERTIES | FILTERS
    spoken = {*STATES, *IDS, *ANSWERED, *FIRES, *CATEGORIES, *FORM_FIELDS, *HTTP, *STEP_TYPES}
    assert upper <= VALUES | spoken
    assert types - {"NoHttpResponseException"} <= VALUES


@pytest.mark.parametrize("path", TEXTS)
def test_skills_and_resources_that_are_named_exist(path: str) -> None:
    text = TEXTS[path]
    named = set(re.findall(r"\bskill\s+([a-z]+(?:-[a-z]+)+)", text))
    for line in re.findall(r"^See also: (.*)\.$", text, re.MULTILINE):
        named |= set(line.split(", "))
    assert named <= set(SKILLS)
    uris = set(re.findall(r"octoperf://[a-z/-]+[a-z]", text))
    served = {asset.resource_uri for asset in ASSETS.values()}
    assert uris <= served | {"octoperf://skills", "octoperf://schema"}


@pytest.mark.parametrize("name", SKILLS)
def test_a_skill_works_as_a_skill_file(name: str) -> None:
    """Front matter as Claude Code and its kin read it; not larger than a model likes to read."""
    text = TEXTS[SKILLS[name]]
    head, body = re.fullmatch(r"---\n(.*?)\n---\n\n(# .*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    assert list(fields) == ["name", "description"]
    assert fields["name"] == f"octoperf-{name}"
    assert re.fullmatch(r"[a-z0-9-]{1,64}", fields["name"])
    assert 100 < len(fields["description"]) <= 1024
    assert not re.search(r": | #|^[\"'>|&*!%@`\[{]", fields["description"]), "plain YAML"
    assert len(text) < 25_000
    assert "https://api.octoperf.com" not in body


def test_the_guide_stays_readable() -> None:
    assert len(TEXTS["AGENTS.md"]) < 50_000


@pytest.mark.parametrize("path", TEXTS)
def test_nothing_reads_as_an_import_of_a_file(path: str) -> None:
    """Claude Code and Gemini CLI import what is written `@name` outside of code."""
    bare = re.sub(r"```.*?```|`[^`]*`", "", TEXTS[path], flags=re.DOTALL)
    assert re.findall(r"@\w+", bare) == []


def test_each_schema_is_named_for_patches() -> None:
    assert {f"schema/{name}.json" for name in SCHEMAS} <= set(ASSETS)
    served = with_added_types(schema_text(schema("vu")).encode(), REGISTRY.added_types.types)
    assert ASSETS["schema/vu.json"].content == served
    assert "WebSocketOpenAction" in json.loads(served)["$defs"]


def test_the_table_of_items_is_that_of_the_tools() -> None:
    """An item gets its tool in the skill when it gets it in the server, and not before."""
    taught: dict[str, str] = {}
    for line in TEXTS[SKILLS["bench-reports"]].splitlines():
        cells = line.split("|")
        for item in re.findall(r"`(\w+ReportItem)`", cells[1] if len(cells) > 2 else ""):
            taught[item] = cells[2].strip(" `")
    readable = {item: name for item, name in taught.items() if not name.startswith("none")}
    assert readable == dict(VALUE_TOOLS)
    items = schema("bench-report")["$defs"]["BenchReportItem"]["oneOf"]
    known = {item["$ref"].removeprefix("#/$defs/") for item in items}
    assert taught.keys() == known


CRON_ROW = re.compile(
    r"^\| (.+?) (\d\d):(\d\d) \| ([A-Z]\w+/\w+) \| `(.+?)` \| `(.+?)` \|$", re.MULTILINE
)
FORTNIGHT_MS = 14 * 24 * 3_600_000
WEEKDAYS = {"weekdays": {0, 1, 2, 3, 4}, "every day": set(range(7)), "Mondays": {0}}


def test_the_cron_expressions_of_the_skill_fire_when_its_table_says() -> None:
    """A fortnight of each, in July and in January, told in the local time of the place."""
    rows = CRON_ROW.findall(TEXTS[SKILLS["scheduling"]])
    assert len(rows) >= 5
    for days, hour, minute, place, *expressions in rows:
        for month, expression in zip((7, 1), expressions, strict=True):
            first = int(datetime(2027, month, 3, tzinfo=UTC).timestamp() * 1000)
            local = [
                datetime.fromtimestamp(moment / 1000, ZoneInfo(place))
                for moment in fires(expression, first, first + FORTNIGHT_MS)
            ]
            assert {(at.hour, at.minute) for at in local} == {(int(hour), int(minute))}, expression
            assert {at.weekday() for at in local} == WEEKDAYS[days], expression


def fires(expression: str, after_ms: int, until_ms: int) -> Iterator[int]:
    while moment := next_fire({"@type": CRON, "expression": expression}, after_ms):
        if moment > until_ms:
            return
        yield moment
        after_ms = moment


GIVEN = {
    "projectId": "p1",
    "virtualUserId": "v1",
    "reportId": "r1",
    "baseUrl": "https://a.test",
    "filename": "f.csv",
}


@pytest.mark.parametrize("name", REGISTRY.prompts)
@pytest.mark.parametrize("full", [True, False])
def test_a_workflow_names_the_tools_that_it_needs_and_what_it_was_given(
    name: str, *, full: bool
) -> None:
    prompt = REGISTRY.prompts[name]
    values = {
        argument.name: GIVEN[argument.name]
        for argument in prompt.arguments
        if full or argument.required
    }
    text = prompt.render(values)
    assert isinstance(text, str)
    assert set(re.findall(r"`([a-z]+(?:_[a-z0-9]+)+)`", text)) <= set(prompt.tools)
    assert set(prompt.tools) <= set(REGISTRY.tools)
    assert all(value in text for value in values.values())
    assert "None" not in text
    for uri in re.findall(r"octoperf://skills/[a-z-]+", text):
        assert uri in {asset.resource_uri for asset in ASSETS.values()}


def test_the_workflows_of_the_guide_are_prompts() -> None:
    assert set(REGISTRY.prompts) == {
        "auto_correlate",
        "data_from_csv",
        "diagnose_run",
        "load_test_recording",
        "triage_validation",
    }
    headings = re.findall(
        "^### (.*)$", TEXTS["AGENTS.md"].partition("## Workflows")[2], re.MULTILINE
    )
    assert len(headings) == len(REGISTRY.prompts)


REQUESTS = [
    ("why is my last scenario run failing?", "scenario-diagnosis"),
    ("auto-correlate this Virtual User", "auto-correlation"),
    ("the replay answers 403, fix the token", "auto-correlation"),
    ("the validation is red after the import, triage it", "validation-triage"),
    ("why does my virtual user fail", "validation-triage"),
    ("response times are high, diagnose the run", "scenario-diagnosis"),
    ("the load test was aborted", "scenario-diagnosis"),
    ("which tool reads this chart of the report?", "bench-reports"),
    ("what does this metric mean", "bench-reports"),
    ("show me a chart of my run", "bench-reports"),
    ("how often shall I poll the task", "async-polling"),
    ("is the test still running?", "async-polling"),
    ("run this scenario every night at two", "scheduling"),
    ("schedule the load test for next monday", "scheduling"),
    ("pause the nightly job", "scheduling"),
    ("export the report as PDF", "export-bench-report-pdf"),
    ("I need the results as a document for my manager", "export-bench-report-pdf"),
    ("add a real browser to my load test", "real-browser-probe"),
    ("what does a user see in the browser while the load runs?", "real-browser-probe"),
    ("convert my JMeter virtual user to Playwright", "real-browser-probe"),
    ("print this bench report", "export-bench-report-pdf"),
]


def terms(text: str) -> list[str]:
    return [word.removesuffix("s") for word in re.findall(r"[a-z0-9]+", text.lower())]


@pytest.mark.parametrize(("request_text", "skill"), REQUESTS)
def test_a_plain_request_finds_its_skill_by_its_words(request_text: str, skill: str) -> None:
    """Lexical ranking (BM25) over names and descriptions, as hosts with many skills do it."""
    documents = {
        name: terms(f"{name} {re.search('description: (.*)', TEXTS[path])[1]}")  # type: ignore[index]
        for name, path in SKILLS.items()
    }
    mean = sum(map(len, documents.values())) / len(documents)
    scores = dict.fromkeys(documents, 0.0)
    for term in set(terms(request_text)):
        holding = sum(term in words for words in documents.values())
        weight = log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
        for name, words in documents.items():
            count = Counter(words)[term]
            length = 1.2 * (0.25 + 0.75 * len(words) / mean)
            scores[name] += weight * count * 2.2 / (count + length)
    assert max(scores, key=lambda name: scores[name]) == skill, scores
