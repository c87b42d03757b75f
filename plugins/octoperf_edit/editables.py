"""The kinds of documents that the tools edit, and the calls that read and write them."""

from octoperf_edit import rest
from octoperf_mcp import Editable

VIRTUAL_USER = Editable(
    "virtual_user",
    read=rest.GET_VIRTUAL_USER,
    write=rest.PUT_VIRTUAL_USER,
    at=rest.GET_VIRTUAL_USER_REVISION,
    schema="vu",
)
SCENARIO = Editable(
    "scenario",
    read=rest.GET_SCENARIO,
    write=rest.PUT_SCENARIO,
    at=rest.GET_SCENARIO_REVISION,
    schema="scenario",
)
BENCH_REPORT = Editable(
    "bench_report",
    read=rest.GET_BENCH_REPORT,
    write=rest.PUT_BENCH_REPORT,
    at=rest.GET_BENCH_REPORT_REVISION,
    schema="bench-report",
)
VARIABLE = Editable(
    "variable",
    read=rest.GET_VARIABLE,
    write=rest.PUT_VARIABLE,
    at=rest.GET_VARIABLE_REVISION,
    schema="variables",
)
HTTP_SERVER = Editable(
    "http_server",
    read=rest.GET_HTTP_SERVER,
    write=rest.PUT_HTTP_SERVER,
    at=rest.GET_HTTP_SERVER_REVISION,
)
CORRELATION_RULE = Editable(
    "correlation_rule",
    read=rest.GET_CORRELATION_RULE,
    write=rest.PUT_CORRELATION_RULE,
    at=rest.GET_CORRELATION_RULE_REVISION,
    schema="correlation-rules",
)
