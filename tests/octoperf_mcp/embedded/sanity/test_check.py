"""The sanity check: every message at its level, and no exception on any tree."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octoperf_mcp.demo.shop_recording import recording
from octoperf_mcp.embedded.importers.har import import_har
from octoperf_mcp.embedded.sanity.check import sanity_check

Json = dict[str, Any]
SERVER: Json = {"id": "s1", "protocol": "HTTP", "hostname": "shop.example", "port": 8080}


def request(**fields: Any) -> Json:
    return {
        "@type": "HttpRequestAction",
        "id": "a1",
        "name": "/cart",
        "enabled": True,
        "serverId": "s1",
        "path": "/cart",
        "children": [],
    } | fields


def action(kind: str, **fields: Any) -> Json:
    return {"@type": kind, "id": "a1", "name": "x", "enabled": True, "children": []} | fields


def rows(*children: Json, **others: Any) -> list[tuple[str, str]]:
    """All but what is said of references, which most of these trees have."""
    found = all_rows(*children, **others)
    return [each for each in found if not each[1].startswith("Nothing sets ")]


def all_rows(*children: Json, **others: Any) -> list[tuple[str, str]]:
    found = sanity_check(
        {"@type": "VirtualUser", "id": "vu1", "children": list(children)},
        others.get("servers", [SERVER]),
        others.get("variables", []),
        others.get("files", {}),
        others.get("fragments", {}),
    )
    return [(one["level"], one["message"]) for one in found]


def csv_variable(name: str = "users", **fields: Any) -> Json:
    variable = {
        "@type": "CSVVariable",
        "filename": f"{name}.csv",
        "delimiter": ",",
        "names": [f"{name}_login", f"{name}_password"],
        "recycleOnEOF": True,
        "stopThreadOnEOF": False,
    }
    return {"id": f"id-{name}", "name": name, "variable": variable | fields}


def test_an_imported_recording_is_sane() -> None:
    imported = import_har(recording())
    assert sanity_check(imported.virtual_users[0], imported.servers, [], {}, {}) == []


@pytest.mark.parametrize(
    ("node", "level", "message"),
    [
        (request(serverId="gone"), "ERROR", "No Server Found"),
        (request(serverId=None), "ERROR", "No Server Found"),
        (action("JSR223Action", script=" "), "ERROR", "JSR223Action is empty"),
        (action("JSR223PreProcessor"), "ERROR", "JSR223PreProcessor is empty"),
        (
            request(headers=[{"name": "cookie", "value": "a=1"}]),
            "WARNING",
            "Clear Cookies before recording",
        ),
        (
            request(postData={"@type": "FilePostData", "filename": "a.png"}),
            "WARNING",
            "file is missing for POST request",
        ),
        (
            request(
                postData={
                    "@type": "MultipartPostData",
                    "parts": [{"name": "f", "filename": "resources/there.png"}],
                }
            ),
            "WARNING",
            "file is missing for POST request",
        ),
        (
            request(headers=[{"name": "Host", "value": "other.example:8080"}]),
            "INFO",
            "Host header and server host are differing",
        ),
        (
            action("GenericAction", testClass="ResultCollector"),
            "INFO",
            "Using a JMeter generic action",
        ),
        (
            request(thinktime={"@type": "ThinktimeConstant", "value": 31_500}),
            "INFO",
            "31.5 sec thinktime is high",
        ),
        (
            action("ThinktimeAction", thinktime={"@type": "ThinktimeRange", "max": 60_000}),
            "INFO",
            "60 sec thinktime is high",
        ),
        (request(name=" "), "INFO", "HttpRequestAction should have a name"),
        (action("LoopContainerAction", name="Browse"), "INFO", "Browse is empty"),
        (
            action("ContainerAction", name="Off", children=[request(enabled=False)]),
            "INFO",
            "Off is empty",
        ),
        (
            request(parameters=[{"name": "", "value": ""}]),
            "INFO",
            "HTTP Action has empty query parameter",
        ),
        (action("LinkAction", virtualUserId="gone"), "ERROR", "No Virtual User Found"),
        (action("LinkAction", virtualUserId="vu1"), "ERROR", "Cyclic Dependency Detected!"),
    ],
)
def test_each_message_comes_once_at_its_level_and_names_the_action(
    node: Json, level: str, message: str
) -> None:
    document = {"id": "vu1", "children": [node]}
    (found,) = sanity_check(document, [SERVER], [], {"there.png": None}, {})
    assert found["level"] == level
    assert found["message"].startswith(message)
    assert found["actionId"] == "a1"


@pytest.mark.parametrize(
    "node",
    [
        action("DebugAction", name=None),
        request(headers=[{"name": "Host", "value": "SHOP.example:8080"}]),
        request(headers=[{"name": "Host", "value": "${host}"}]),
        request(postData={"@type": "FilePostData", "filename": "there.png"}),
        request(postData={"@type": "FilePostData", "filename": "${file}"}),
        request(parameters=[{"name": "flag", "value": ""}]),
        request(serverId="gone", name="", enabled=False),
        action("ContainerAction", enabled=False, children=[request(serverId="gone")]),
        action("LinkAction", virtualUserId="fragment"),
    ],
)
def test_what_is_right_or_disabled_is_not_mentioned(node: Json) -> None:
    fragments = {"fragment": {"id": "fragment", "children": [request()]}}
    assert rows(node, files={"there.png": None}, fragments=fragments) == []


def test_a_circle_of_fragments_is_found_wherever_it_closes() -> None:
    def linking(*targets: str) -> Json:
        return {"children": [action("LinkAction", virtualUserId=target) for target in targets]}

    diamond = {"a": linking("b", "c"), "b": linking("d"), "c": linking("d"), "d": linking()}
    assert rows(action("LinkAction", virtualUserId="a"), fragments=diamond) == []
    back = diamond | {"d": linking("vu1")}
    inner = diamond | {"d": linking("b")}
    for fragments in (back, inner):
        (found,) = rows(action("LinkAction", virtualUserId="a"), fragments=fragments)
        assert found[0] == "ERROR"
        assert found[1].startswith("Cyclic Dependency Detected!")
    off = {"a": {"children": [action("LinkAction", virtualUserId="vu1", enabled=False)]}}
    assert rows(action("LinkAction", virtualUserId="a"), fragments=off) == []


GOOD = b"login,password\nada,1\ngrace,2\n"


@pytest.mark.parametrize(
    ("variable", "data", "level", "message"),
    [
        (csv_variable(), None, "ERROR", "A file is missing for CSV variable users: users.csv"),
        (csv_variable(), b"", "WARNING", "Empty file for CSVVariable"),
        (csv_variable(), b"\n \n", "WARNING", "Empty file for CSVVariable"),
        (csv_variable(ignoreFirstLine=True), b"a,b\n", "WARNING", "Empty file for CSVVariable"),
        (csv_variable(names=[]), b"a,b\n", "WARNING", "Empty file for CSVVariable"),
        (csv_variable(offset=-3), GOOD, "WARNING", "Empty file for CSVVariable"),
        (
            csv_variable(recycleOnEOF=False, stopThreadOnEOF=True),
            GOOD,
            "WARNING",
            "End Of Value Policy is 'Stop VU'",
        ),
        (
            csv_variable(),
            b"a,b,c\nd,e\nf\n",
            "WARNING",
            "2 lines in file 'users.csv' have inconsistent column counts (expected: 2)",
        ),
        (
            csv_variable(names=["x", "x"]),
            GOOD,
            "ERROR",
            "CSVVariable has conflicting column names: users has x twice",
        ),
    ],
)
def test_each_message_about_a_csv_variable_names_it(
    variable: Json, data: bytes | None, level: str, message: str
) -> None:
    files = {} if data is None else {"users.csv": data}
    tree = {"children": [request(path="/${users_login}${x}")]}
    (found, *others) = sanity_check(tree, [SERVER], [variable], files, {})
    assert all(one["message"].startswith("Nothing sets ") for one in others)
    assert found["level"] == level
    assert found["message"].startswith(message)
    assert found["variableId"] == "id-users"


def test_quoted_fields_tabs_and_encodings_are_counted_as_the_engine_reads_them() -> None:
    quoted = csv_variable(allowQuotedData=True)
    tabbed = csv_variable(delimiter="\\t")
    utf16 = csv_variable(encoding="utf-16")
    for variable, data in (
        (quoted, b'"a,b",c\n'),
        (tabbed, b"a,b\tc\n"),
        (utf16, "a,b\n".encode("utf-16")),
        (csv_variable(encoding="no-such"), b"a,b\n"),
    ):
        assert rows(variables=[variable], files={"users.csv": data}) == []


def test_two_csv_variables_must_not_share_a_column_nor_a_file() -> None:
    first = csv_variable("users")
    second = csv_variable("others", filename="users.csv", names=["users_login", "x"])
    uses = request(path="/${x}")
    found = rows(uses, variables=[first, second], files={"users.csv": None})
    assert found[0] == (
        "ERROR",
        "CSVVariable has conflicting column names: users_login of others is also a column of users",
    )
    shared = "File users.csv is used by multiple csv variables."
    assert found[1:] == 2 * [("WARNING", f"{shared} This can lead to unpredictable behavior.")]


@pytest.mark.parametrize(
    ("node", "level"),
    [
        (request(path="/${users_login}"), "ERROR"),
        (request(headers=[{"name": "x", "value": "${__V(users_${n})}"}]), "ERROR"),
        (action("ForEachContainerAction", input="users_login", children=[request()]), "ERROR"),
        (action("LinkAction", virtualUserId="fragment"), "ERROR"),
        (request(serverId="moving"), "ERROR"),
        (request(path="/${other}"), "WARNING"),
        (request(path="/${users_login}", enabled=False), "WARNING"),
        (request(recordedResponse={"body": "${users_login}"}), "WARNING"),
        (action("DebugAction", variablesDisplayed=True), "WARNING"),
    ],
)
def test_a_missing_file_blocks_only_virtual_users_that_need_it(node: Json, level: str) -> None:
    """Our choice: variables belong to the project, so that one would block all its runs."""
    moving = SERVER | {"id": "moving", "hostname": "${users_login}.example"}
    fragment = {"id": "fragment", "children": [request(path="/${users_password}")]}
    (found,) = rows(
        node,
        servers=[SERVER, moving],
        variables=[csv_variable()],
        fragments={"fragment": fragment},
    )
    assert found == (level, "A file is missing for CSV variable users: users.csv")


@pytest.mark.parametrize(
    ("path", "level"), [("/${x}", "ERROR"), ("/${__UUID()}", "WARNING"), ("/x", "WARNING")]
)
def test_columns_that_only_the_missing_file_knows_may_be_any(path: str, level: str) -> None:
    (found,) = rows(request(path=path), variables=[csv_variable(names=[])])
    assert found[0] == level


def test_errors_come_first() -> None:
    levels = [
        level
        for level, _ in rows(
            request(name=""),
            request(headers=[{"name": "Cookie", "value": "x"}]),
            request(serverId="gone"),
        )
    ]
    assert levels == ["ERROR", "WARNING", "INFO"]


ODD: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "id", "name", "serverId", "script", "filename", "headers", "postData", "parts", "thinktime",
        "parameters", "value", "max", "virtualUserId", "variable", "hostname", "names", "delimiter",
        "encoding", "offset", "ignoreFirstLine", "allowQuotedData",
    ]
)  # fmt: skip
KINDS = st.sampled_from(
    [
        "HttpRequestAction", "ContainerAction", "LinkAction", "JSR223Action", "GenericAction",
        "ThinktimeAction", "ThinktimeConstant", "CSVVariable", "FilePostData", "Cookie", "host",
    ]
)  # fmt: skip


def odd_object(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.builds(
        lambda fields, kind, enabled, children: (
            fields | {"@type": kind, "enabled": enabled, "children": children}
        ),
        st.dictionaries(KEYS, inner, max_size=8),
        KINDS | ODD,
        st.just(value=True) | ODD,
        st.lists(inner, max_size=4) | ODD,
    )


NODE: st.SearchStrategy[Any] = st.recursive(ODD, odd_object, max_leaves=6)


@settings(max_examples=60, deadline=None, database=None)
@given(
    odd_object(NODE),
    st.lists(NODE, max_size=3),
    st.lists(odd_object(NODE), max_size=3),
    st.dictionaries(st.text(max_size=3), st.none() | st.binary(max_size=20), max_size=2),
)
def test_no_tree_makes_it_raise(
    tree: Json, servers: list[Any], variables: list[Any], files: dict[str, bytes | None]
) -> None:
    found = sanity_check(tree, servers, variables, files, {"": tree, "x": tree})
    assert all(one["level"] in {"ERROR", "WARNING", "INFO"} for one in found)


def test_a_very_deep_tree_is_checked() -> None:
    tree = request(serverId="gone")
    for _ in range(50_000):
        tree = {"@type": "ContainerAction", "name": "c", "enabled": True, "children": [tree]}
    ((level, _),) = rows(tree)
    assert level == "ERROR"


SCRIPT = "org.apache.commons.lang3.StringUtils.reverse(vars.get('a'))"


@pytest.mark.parametrize(
    ("node", "level", "message"),
    [
        (
            action("JSR223Action", script="new Socket()", language="groovy"),
            "WARNING",
            "x: scripts in groovy are not run here",
        ),
        (
            action("GenericAction", testClass="a.b.JDBCSampler"),
            "WARNING",
            "x: the JMeter element JDBCSampler is not run here",
        ),
        (
            action("PlaywrightSpecAction", filename="a.spec.ts"),
            "WARNING",
            "x: browser scripts run in virtual users of their own type only",
        ),
        (
            action("RegexpVariableExtractor", variable="v", regexp="(a"),
            "WARNING",
            "x cannot be read: missing )",
        ),
        (
            action("JsonPathVariableExtractor", variable="v", path="$..[["),
            "WARNING",
            "x cannot be read: ",
        ),
        (
            action("JMESPathVariableExtractor", variable="v", path="a[["),
            "WARNING",
            "x cannot be read: ",
        ),
        (
            action("XPath1VariableExtractor", variable="v", xpath="//a["),
            "WARNING",
            "x cannot be read: ",
        ),
        (
            action("XPath2VariableExtractor", variable="v", xpath="//a["),
            "WARNING",
            "x cannot be read: ",
        ),
        (
            action("CssVariableExtractor", variable="v", selector="a["),
            "WARNING",
            "x cannot be read: ",
        ),
        (
            action("ResponseAssertion", rule="CONTAINS", patterns=["*"]),
            "WARNING",
            "x cannot be read: nothing to repeat",
        ),
        (action("JsonAssertion", path="$["), "WARNING", "x cannot be read: "),
        (
            request(path="/a?d=${__jdbc(1)}"),
            "WARNING",
            "/cart: the function __jdbc is not known here, sent as is",
        ),
        (
            request(path="/a?d=${__groovy(" + SCRIPT + ")}"),
            "WARNING",
            "/cart: __groovy evaluates comparisons only, not ",
        ),
    ],
)
def test_what_this_engine_cannot_do_is_said(node: Json, level: str, message: str) -> None:
    found = [row for row in rows(node) if row[1].startswith(message)]
    assert [one[0] for one in found] == [level]


@pytest.mark.parametrize(
    "node",
    [
        request(path="/a?d=${__time(,)}&x=${__groovy(vars.get('a') == 'b')}&y=${__UUID}"),
        action("ResponseAssertion", rule="SUBSTRING", patterns=["*"]),
        action("JsonPathVariableExtractor", variable="v", path="$.${name}["),
        action("XPath1VariableExtractor", variable="v", xpath="//*[@id='${id}']"),
    ],
)
def test_what_runs_or_depends_on_variables_is_not_complained_about(node: Json) -> None:
    assert rows(node) == []


@pytest.mark.parametrize("hostname", ["169.254.169.254", "0xa9fea9fe", "metadata.google.internal"])
def test_a_server_at_a_forbidden_address_is_an_error(hostname: str) -> None:
    found = rows(request(), servers=[SERVER | {"hostname": hostname}])
    assert [level for level, _ in found] == ["ERROR"]
    assert found[0][1].startswith(f"Server {hostname} is refused")
    assert rows(servers=[SERVER | {"hostname": hostname}]) == []


def test_ntlm_credentials_are_not_sent_and_the_check_says_so() -> None:
    ntlm = {"@type": "NtlmAuthorization", "username": "u", "domain": "D"}
    found = rows(request(), servers=[SERVER | {"authorizations": [ntlm]}])
    assert found == [("WARNING", "NTLM credentials of server shop.example are not sent here")]


def test_ip_spoofing_is_not_done_and_the_check_says_so() -> None:
    found = rows(request(), servers=[SERVER | {"ipSpoofing": True}])
    told = "Server shop.example: all users send from the address of their machine"
    assert found == [("WARNING", told)]


@pytest.mark.parametrize(
    "node",
    [
        request(path="/${gone}"),
        request(headers=[{"name": "x", "value": "a ${gone} b"}]),
        request(postData={"@type": "RawPostData", "body": '{"a": "${gone}"}'}),
        request(parameters=[{"name": "gone", "value": "${gone}"}]),
        action("IfContainerAction", condition='"${gone}" == "1"', children=[request()]),
        request(serverId="moving"),
    ],
)
def test_a_variable_that_nothing_sets_is_said(node: Json) -> None:
    """Ours: JMeter sends the reference as it stands, and so does this engine."""
    moving = SERVER | {"id": "moving", "hostname": "${gone}.example"}
    (found,) = all_rows(node, servers=[SERVER, moving])
    assert found[0] == "WARNING"
    assert found[1].startswith("Nothing sets ${gone}: ")


@pytest.mark.parametrize(
    "setter",
    [
        request(children=[action("RegexpVariableExtractor", variable="gone", regexp="(.)")]),
        action("ForEachContainerAction", outputVariable="gone", children=[request()]),
        action("PollQueueAction", queueName="q", variable="gone"),
        request(path="/${__Random(1,2,gone)}"),
        action("RegexpVariableExtractor", variable="go${x}", regexp="(.)"),
        action("LinkAction", virtualUserId="fragment"),
        action("JSR223Action", script="vars.put('gone', '1')"),
        action("GenericAction", testClass="UserParameters"),
    ],
)
def test_a_variable_that_something_may_set_is_not_complained_about(setter: Json) -> None:
    extractor = action("RegexpVariableExtractor", variable="gone", regexp="(.)")
    fragment = {"id": "fragment", "children": [request(children=[extractor])]}
    found = all_rows(
        setter, request(path="/${gone}/${gone_1}${gone_g1}"), fragments={"fragment": fragment}
    )
    assert [message for _, message in found if "Nothing sets" in message] == []


def test_variables_of_the_project_and_callers_of_fragments_set_names() -> None:
    constant = {"name": "gone", "variable": {"@type": "ConstantVariable", "value": "1"}}
    headed = csv_variable(names=[])
    for variable in (constant, csv_variable(names=["gone"]), headed):
        assert (
            all_rows(request(path="/${gone}"), variables=[variable], files={"users.csv": None})
            == []
        )
    fragment = {"type": "FRAGMENTS", "children": [request(path="/${gone}")]}
    assert sanity_check(fragment, [SERVER], [], {}, {}) == []
