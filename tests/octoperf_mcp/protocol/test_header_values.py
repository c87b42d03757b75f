"""Values in fields, compared with the official SDK's reading of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared import inbound
from multidict import CIMultiDict

from octoperf_mcp.errors import PluginError
from octoperf_mcp.protocol import header_values

SCHEMA = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "size": {"type": "integer", "x-mcp-header": "Size"},
        "dry": {"type": "boolean", "x-mcp-header": "Dry"},
        "deep": {
            "type": "object",
            "properties": {"id": {"type": "string", "x-mcp-header": "Deep-Id"}},
        },
        "free": {"type": "string"},
    },
}


@given(st.text())
def test_what_the_official_client_writes_is_read_back(text: str) -> None:
    assert header_values.decode(inbound.encode_header_value(text)) == text


@given(st.from_regex(r"=\?base64\?[A-Za-z0-9+/=!]{0,8}\?=", fullmatch=True))
def test_broken_encodings_are_told_from_good_ones_as_officially(value: str) -> None:
    assert header_values.decode(value) == inbound.decode_header_value(value)


scalars = (
    st.sampled_from(("eu", "us", "zürich", "true", "1", "42", "42.0", "", " x", "-0"))
    | st.sampled_from((0, 1, 42, -7, 10**30, 42.0, 1.5, True, False))
    | st.none()
    | st.just([1])
)
arguments = st.fixed_dictionaries(
    {},
    optional={
        "region": scalars,
        "size": scalars,
        "dry": scalars,
        "deep": st.fixed_dictionaries({}, optional={"id": scalars}) | scalars,
        "free": scalars,
    },
)
written = st.sampled_from(("eu", "us", "true", "false", "1", "42", "42.0", "42.5", "-7", "007"))
headers = st.fixed_dictionaries(
    {},
    optional={
        "mcp-param-region": written,
        "mcp-param-size": written,
        "mcp-param-dry": written,
        "mcp-param-deep-id": written,
        "mcp-param-other": written,
    },
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, str]]:
    """Arguments with fields that agree, or with one spoilt, or with any."""
    given_arguments = draw(arguments)
    paths = inbound.x_mcp_header_map(SCHEMA)
    made = {k.lower(): v for k, v in inbound.mcp_param_headers(paths, given_arguments).items()}
    return given_arguments, draw(st.just(made) | headers | headers.map(lambda h: {**made, **h}))


@given(calls())
def test_parameter_fields_are_judged_as_officially(
    case: tuple[dict[str, Any], dict[str, str]],
) -> None:
    given_arguments, fields = case
    verdict = inbound.validate_mcp_param_headers(SCHEMA, given_arguments, fields)
    params = header_values.header_params("tool", SCHEMA)
    refusal = header_values.check_params(params, given_arguments, CIMultiDict(fields))
    assert (refusal is None) == (verdict is None), verdict


def test_a_repeated_parameter_field_is_refused() -> None:
    params = header_values.header_params("tool", SCHEMA)
    twice = CIMultiDict([("Mcp-Param-Region", "eu"), ("mcp-param-region", "eu")])
    assert header_values.check_params(params, {"region": "eu"}, twice) is not None


def put(where: str, node: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"type": "array", where: node}}}


ANNOTATED = {"type": "string", "x-mcp-header": "A"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "x-mcp-header": "A"},
        put("items", ANNOTATED),
        {"type": "object", "$defs": {"x": ANNOTATED}},
        {"type": "object", "anyOf": [{"properties": {"a": ANNOTATED}}]},
        {"properties": {"a": {"type": "string", "x-mcp-header": "not a token"}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": "A\n"}}},
        {"properties": {"a": {"type": "string", "x-mcp-header": 5}}},
        {"properties": {"a": {"type": "number", "x-mcp-header": "A"}}},
        {"properties": {"a": {"x-mcp-header": "A"}}},
        {"properties": {"a": ANNOTATED, "b": {"type": "integer", "x-mcp-header": "a"}}},
    ],
)
def test_an_annotation_that_clients_would_drop_the_tool_for_stops_the_start(
    schema: dict[str, Any],
) -> None:
    assert inbound.find_invalid_x_mcp_header(schema) is not None
    with pytest.raises(PluginError, match="tool: "):
        header_values.header_params("tool", schema)


def test_data_that_looks_like_an_annotation_is_none() -> None:
    schema = {"properties": {"a": {"type": "object", "default": {"x-mcp-header": "A"}}}}
    assert header_values.header_params("tool", schema) == ()


def test_a_schema_of_any_depth_is_walked() -> None:
    schema: dict[str, Any] = ANNOTATED
    for _ in range(5000):
        schema = {"type": "object", "properties": {"a": schema}}
    assert len(header_values.header_params("tool", schema)[0].path) == 5000
