"""Frameworks: presets of correlation rules beyond the six that OctoPerf has."""

from collections.abc import Iterable

from octoperf_frameworks.presets import JAKARTA_FACES, KEYCLOAK, VISUALFORCE
from octoperf_mcp import CorrelationFramework, hookimpl

octoperf_mcp_api = ">=1.0,<2"


@hookimpl
def register_correlation_frameworks() -> Iterable[CorrelationFramework]:
    """Presets by technology."""
    return (JAKARTA_FACES, KEYCLOAK, VISUALFORCE)
