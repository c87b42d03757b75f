"""The verdict over a run, for people who read its report."""

from octoperf_mcp import Column, Host, ItemRequest, ReportItemType, Table
from octoperf_mcp_delivery.settings import DeliverySettings


def verdict(host: Host, request: ItemRequest) -> Table:
    """What was measured against the limits of `[delivery]`."""
    limits: DeliverySettings = host.settings
    claims = (
        ("Errors (%)", "ERRORS_PERCENT", limits.max_error_pct, True),
        ("p95 (ms)", "RESPONSE_TIME_PERCENTILE_95", limits.max_p95_ms, limits.max_p95_ms > 0),
    )
    rows = []
    for name, metric, most, counts in claims:
        found = request.run.figure(metric, filters=request.filters)
        good = found is not None and (not counts or found <= most)
        rows.append([name, found, most if counts else None, "passed" if good else "failed"])
    heads = ("Claim", "Measured", "At most", "Verdict")
    return Table([Column(head) for head in heads], rows)


VERDICT = ReportItemType(
    "DeliveryVerdictReportItem",
    "Verdict",
    "Whether a run kept the limits of the team, once it is over.",
    verdict,
    live=False,
)
