"""Load is not part of the trace of who asked for it: no request of a virtual user carries it."""

from octoperf_mcp.observability.tracing import adopt
from tests.octoperf_mcp.embedded.engine.players import request
from tests.octoperf_mcp.embedded.engine.stage import Stage, ramp, think
from tests.octoperf_mcp.embedded.engine.target import Target

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_requests_of_runs_and_validations_carry_no_trace(
    stage: Stage, target: Target
) -> None:
    assert adopt({"traceparent": PARENT, "tracestate": "a=b"})
    virtual_user = await stage.virtual_user(request("/", thinktime=think(20)))
    assert (await stage.validated(virtual_user))["state"] == "FINISHED"
    scenario = await stage.scenario(stage.profile(virtual_user, ramp(1, 100, 200)))
    assert (await stage.played(scenario))["state"] == "FINISHED"
    assert target.hits
    assert not [hit for hit in target.hits if {"traceparent", "tracestate"} & hit.headers.keys()]
