"""The files that ship with the distribution, as they are listed."""

import orjson
import pytest

from octoperf_mcp.registry.public_assets import shipped_assets

ASSETS = {asset.path: asset for asset in shipped_assets()}
SCHEMAS = ["vu", "scenario", "bench-report", "variables", "correlation-rules", "injection-rules"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_both_a_file_and_a_resource(name: str) -> None:
    """Rejections of patches name both addresses."""
    asset = ASSETS[f"schema/{name}.json"]
    assert asset.media_type == "application/json"
    assert asset.resource_uri == f"octoperf://schema/{name}"
    assert asset.title == orjson.loads(asset.content)["title"]
    assert asset.description == orjson.loads(asset.content)["description"]


def test_the_guide_has_the_address_that_clients_know() -> None:
    assert ASSETS["AGENTS.md"].resource_uri == "octoperf://templates/agents-md"
    assert ASSETS["AGENTS.md"].title == "OctoPerf for agents"


def test_no_two_files_share_an_address() -> None:
    uris = [asset.resource_uri for asset in ASSETS.values() if asset.resource_uri]
    assert len(set(uris)) == len(uris)
