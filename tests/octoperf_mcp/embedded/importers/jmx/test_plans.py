"""Whole plans: one virtual user for each thread group, every element accounted for once."""

from collections.abc import Callable
from typing import Any

import pytest

from octoperf_mcp.embedded.engine.actions.assertions import ASSERTIONS
from octoperf_mcp.embedded.engine.actions.generic import CONTROLLERS
from octoperf_mcp.embedded.importers.failures import ImportFailed
from octoperf_mcp.embedded.importers.jmx.options import JmxOptions
from octoperf_mcp.embedded.importers.jmx.tree import PLAYED, PLAYED_TOLD
from octoperf_mcp.entities.imported import Imported, Note
from octoperf_mcp.entities.trees import walk

Json = dict[str, Any]
Import = Callable[..., Imported]
Saved = Callable[[str], bytes]
Element = Callable[..., str]
Plan = Callable[[str], bytes]


def by_name(virtual_user: Json) -> dict[str, Json]:
    return {node["name"]: node for _, node in walk(virtual_user["children"])}


def told(notes: list[Note]) -> dict[str, str]:
    """The reasons by the last name of each path."""
    return {note.path.rpartition("/")[2]: note.reason for note in notes}


def test_a_plan_of_5_6_is_a_virtual_user_with_variables_and_a_server(
    imported: Import, saved: Saved
) -> None:
    result = imported(saved("shop-5.6.jmx"))
    (made,) = result.virtual_users
    assert (made["name"], made["type"]) == ("Buyers", "JMETER")
    assert "20 users, ramp-up 60 s, duration 600 s" in made["description"]
    (server,) = result.servers
    assert (server["protocol"], server["hostname"], server["port"]) == ("HTTP", "${host}", 8888)
    assert server["connectTimeoutMs"] == 5000
    variables = {one["name"]: one["variable"] for one in result.variables}
    assert variables["host"] == {
        "@type": "ConstantVariable",
        "value": "${__P(shop.host,127.0.0.1)}",
    }
    assert variables["sku"]["value"] == "lamp-oslo"
    csv = variables["Accounts"]
    assert (csv["filename"], csv["names"]) == ("accounts.csv", ["login", "password"])
    assert (csv["scope"], csv["ignoreFirstLine"], csv["encoding"]) == ("SHARED", True, "UTF-8")


def test_what_works_on_samplers_is_written_into_requests(imported: Import, saved: Saved) -> None:
    nodes = by_name(imported(saved("shop-5.6.jmx")).virtual_users[0])
    stock = nodes["Stock"]
    assert stock["headers"] == [
        {"name": "Accept-Language", "value": "en"},
        {"name": "X-CSRF-Token", "value": "${token}"},
        {"name": "accept", "value": "application/json"},
    ]
    assert (stock["path"], stock["parameters"][0]["value"]) == ("/api/stock", "${sku}")
    assert stock["thinktime"] == {"@type": "ThinktimeRange", "min": 200, "max": 500}
    sent = nodes["Send credentials"]
    assert sent["thinktime"] == {"@type": "ThinktimeRange", "min": 1200, "max": 1500}
    assert sent["postData"]["@type"] == "FormPostData"
    assert [one["encode"] for one in sent["postData"]["parameters"]] == [True, True, False]
    assert nodes["Home"]["downloadResources"]
    assert nodes["Sign in"]["generateSample"]
    assert nodes["Look around"]["count"] == 2
    assert nodes["With a token"]["condition"] == '${__jexl3("${token}" != "",)}'


def test_processors_stand_below_their_request(imported: Import, saved: Saved) -> None:
    nodes = by_name(imported(saved("shop-5.6.jmx")).virtual_users[0])
    page = nodes["Sign-in page"]["children"]
    assert [one["@type"] for one in page] == ["CssVariableExtractor", "ResponseAssertion"]
    assert (page[0]["attribute"], page[0]["defaultValue"]) == ("value", "NO_TOKEN")
    assert (page[1]["rule"], len(page[1]["patterns"])) == ("SUBSTRING", 2)
    check, *found = nodes["Stock"]["children"]
    assert (check["@type"], check["expectedValue"], check["regex"]) == (
        "JsonAssertion",
        "${sku}",
        False,
    )
    assert [(one["variable"], one["path"], one["defaultValue"]) for one in found] == [
        ("available", "$.available", "0"),
        ("article", "$.sku", "none"),
    ]


def test_what_is_not_carried_over_is_named(imported: Import, saved: Saved) -> None:
    result = imported(saved("shop-5.6.jmx"))
    assert told(result.generic) == {"Once": PLAYED_TOLD}
    assert "listener" in told(result.dropped)["View Results Tree"]
    changed = told(result.changed)
    assert changed["Buyers"].endswith("create_scenario_ramp_up")
    assert changed["Accounts"] == "needs the project file accounts.csv"
    assert changed["Stock"] == "the port ${port} is fixed: 8888"


def test_a_plan_of_2_13_in_its_own_encoding(imported: Import, saved: Saved) -> None:
    result = imported(saved("corners-2.13.jmx"))
    first, second = result.virtual_users
    assert (first["name"], second["name"]) == ("Müller", "Müller (2)")
    assert not any(child["enabled"] for child in second["children"])
    nodes = by_name(first)
    upload = nodes["Upload"]
    assert upload["postData"]["parts"] == [
        {"name": "title", "value": "Me", "contentType": ""},
        {"name": "photo", "filename": "photo.png", "contentType": "image/png"},
    ]
    assert [child["@type"] for child in upload["children"]] == [
        "JSR223PreProcessor",
        "ResponseAssertion",
        "XPath1VariableExtractor",
        "GenericAction",
    ]
    assert upload["children"][1]["patterns"] == ["(?:200)|(?:2\\.1)"]
    assert upload["children"][1]["rule"] == "MATCHES"
    some = nodes["Some"]
    assert (some["mode"], some["value"], some["perUser"]) == ("PERCENT", 25.0, True)
    assert nodes["Wait"]["thinktime"] == {"@type": "ThinktimeConstant", "value": 500}
    assert nodes["Java"]["properties"]["classname"] == "org.example.Sampler"
    variables = {one["name"]: one["variable"] for one in result.variables}
    assert (variables["turn"]["increment"], variables["turn"]["trackPerUser"]) == (2, True)
    assert (variables["dice"]["min"], variables["dice"]["max"]) == (3, 9)


def test_several_timers_add_up_before_a_request(imported: Import, saved: Saved) -> None:
    first = imported(saved("corners-2.13.jmx")).virtual_users[0]
    upload = next(
        node
        for _, node in walk(first["children"])
        if node["@type"] == "ContainerAction" and node["name"] == "Upload"
    )
    pause, request = upload["children"]
    assert request["thinktime"] == {"@type": "ThinktimeGaussian", "offset": 300, "deviation": 100}
    assert pause["thinktime"] == {"@type": "ThroughputThinktime", "hitsPerSecond": 2.0}


def test_a_module_plays_its_target_in_its_own_scope(imported: Import, saved: Saved) -> None:
    first = imported(saved("corners-2.13.jmx")).virtual_users[0]
    module = by_name(first)["Play checkout"]
    pay = by_name({"children": module["children"]})["Pay"]
    assert pay["postData"] == {
        "@type": "RawPostData",
        "body": '{"amount": ${dice}}',
        "contentType": "",
    }
    assert pay["path"] == "/pay"
    assert pay["followRedirects"]
    assert pay["children"][0]["name"] == "Sign"


def test_credentials_go_to_the_servers_that_they_are_for(imported: Import, saved: Saved) -> None:
    result = imported(saved("corners-2.13.jmx"))
    given = {
        (server["hostname"], server["port"]): server["authorizations"] for server in result.servers
    }
    (basic,) = given["old.example", 443]
    assert (basic["basePath"], basic["username"]) == ("/admin", "ada")
    assert basic["password"] == {"type": "PLAIN", "value": "pass"}
    assert given["old.example", 8443] == []
    reasons = [note.reason for note in result.changed if note.path.endswith("Credentials")]
    assert reasons == [
        "no request goes to https://elsewhere.example/: its credentials are left out"
    ]


@pytest.mark.parametrize(
    ("mechanism", "told"),
    [
        ("DIGEST", ["digest credentials answer a challenge, but are first offered as basic ones"]),
        ("BASIC_DIGEST", []),
        ("", []),
        ("KERBEROS", ["Kerberos credentials are left out"]),
    ],
)
def test_each_mechanism_is_carried_or_said(
    imported: Import, plan: Plan, element: Element, mechanism: str, told: list[str]
) -> None:
    texts = {"url": "http://a.example/in", "username": "ada", "mechanism": mechanism}
    props = "".join(
        f'<stringProp name="Authorization.{name}">{text}</stringProp>'
        for name, text in texts.items()
    )
    manager = (
        '<AuthManager testclass="AuthManager" testname="Credentials">'
        '<collectionProp name="AuthManager.auth_list"><elementProp name=""'
        f' elementType="Authorization">{props}</elementProp></collectionProp>'
        "</AuthManager><hashTree/>"
    )
    sampler = element("HTTPSamplerProxy", "home", HTTPSampler__domain="a.example")
    result = imported(plan(manager + sampler))
    (server,) = result.servers
    kinds = [each["@type"] for each in server["authorizations"]]
    assert kinds == ([] if mechanism == "KERBEROS" else ["BasicAuthorization"])
    reasons = [note.reason for note in result.changed if note.path.endswith("Credentials")]
    assert reasons == told


def test_a_module_that_plays_itself_ends(imported: Import, plan: Plan, element: Element) -> None:
    path = "".join(f'<stringProp name="x">{name}</stringProp>' for name in ("Plan", "Users", "In"))
    module = (
        '<ModuleController testclass="ModuleController" testname="Again"><collectionProp'
        f' name="ModuleController.node_path">{path}</collectionProp></ModuleController><hashTree/>'
    )
    result = imported(plan(element("GenericController", "In", module)))
    assert "Again" in by_name(result.virtual_users[0])


def test_parts_without_a_thread_group_are_a_fragment(imported: Import) -> None:
    data = (
        b'<jmeterTestPlan><hashTree><GenericController testclass="GenericController"'
        b' testname="Part"/><hashTree/></hashTree></jmeterTestPlan>'
    )
    (made,) = imported(data).virtual_users
    assert (made["type"], made["name"]) == ("FRAGMENTS", "Part")


def test_noise_and_resources_are_left_out_when_asked(
    imported: Import, plan: Plan, element: Element
) -> None:
    samplers = "".join(
        element("HTTPSamplerProxy", host + path, HTTPSampler__domain=host, HTTPSampler__path=path)
        for host, path in (("a.example", "/"), ("a.example", "/x.css"), ("hotjar.com", "/t"))
    )
    everything = imported(plan(samplers))
    assert everything.carried == 5
    less = imported(plan(samplers), JmxOptions(block_ads=True, keep_resources=False))
    assert sorted(note.path for note in less.dropped) == [
        "/Plan/Users/a.example/x.css",
        "/Plan/Users/hotjar.com/t",
    ]


@pytest.mark.parametrize(
    ("design", "told_so"),
    [('{"adBlocking": "MAYBE"}', "DISABLED or ENABLED"), ("nonsense", "no JSON")],
)
def test_a_wrong_option_is_refused_with_the_right_ones(design: str, told_so: str) -> None:
    with pytest.raises(ImportFailed) as refused:
        JmxOptions.from_wire(design)
    assert told_so in f"{refused.value.problem} {refused.value.next_step}"


def test_a_function_that_the_engine_does_not_know_is_named(
    imported: Import, plan: Plan, element: Element
) -> None:
    sampler = element(
        "HTTPSamplerProxy",
        HTTPSampler__domain="a.example",
        HTTPSampler__path="/${__BeanShell()}/${__jm__Loop__idx}/${__UUID()}",
    )
    reasons = [note.reason for note in imported(plan(sampler)).changed]
    assert "calls ${__BeanShell}, which the embedded engine leaves as text" in reasons
    assert len(reasons) == 2


def test_what_is_said_to_be_played_is_what_the_engine_plays() -> None:
    assert {*CONTROLLERS, "DurationAssertion"} == PLAYED
    assert "DurationAssertion" in ASSERTIONS
