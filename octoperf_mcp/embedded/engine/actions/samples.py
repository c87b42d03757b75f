"""The row of an exchange: what a request, or what stands for one, is measured as."""

from octoperf_mcp.embedded.engine.actions.judging import Verdict
from octoperf_mcp.embedded.engine.play.program import Program
from octoperf_mcp.embedded.engine.wire.exchange import Exchange
from octoperf_mcp.embedded.engine.wire.http_failures import ENGINE_FAILURE
from octoperf_mcp.embedded.metrics.sample import HIT, Sample


def sample_of(
    exchange: Exchange, program: Program, action_id: str, *, ok: bool, kind: str = HIT
) -> Sample:
    """A row without assertions; what never arrived has the code of a failure of the engine."""
    return Sample(
        action_id=action_id,
        virtual_user_id=program.virtual_user_id,
        profile=program.profile,
        kind=kind,
        started_ms=exchange.started_ms,
        elapsed_us=exchange.elapsed_us,
        latency_us=exchange.latency_us or exchange.elapsed_us,
        connect_us=exchange.connect_us,
        sent_bytes=exchange.sent_bytes,
        received_bytes=exchange.received_bytes,
        code=ENGINE_FAILURE if exchange.failure else exchange.code,
        method=exchange.method,
        media_type=exchange.media_type,
        url=exchange.url,
        ok=ok,
    )


def judged_sample(exchange: Exchange, program: Program, action_id: str, verdict: Verdict) -> Sample:
    """A row with its assertions counted."""
    sample = sample_of(exchange, program, action_id, ok=verdict.ok)
    for check in verdict.checks:
        sample.assertions_ok += check.ok
        sample.assertions_failed += check.failure
        sample.assertions_error += check.error
    return sample
