"""The scripts of `docs/ci.md`, run as they stand there, with a token as it says."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from octoperf_mcp.demo.shop import start_shop
from tests.end_to_end.every_tool import _post_file

if TYPE_CHECKING:
    from octoperf_mcp.cli.agent import Agent
    from tests.end_to_end.conftest import Server, SignedIn

PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text("utf-8")
JQ = shutil.which("jq")
needs_jq = pytest.mark.skipif(
    JQ is None and not os.environ.get("OCTOPERF_MCP_TESTS_NO_SKIP"), reason="jq is not installed"
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


MAKE_TOKEN, LOAD_TEST, COMPARE = blocks("sh")


class Pipeline:
    """A folder in which scripts run, as a CI server runs them."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def sh(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", script],
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=self.folder,
            env=self.environ | variables,
            timeout=120,
        )

    def token(self) -> str:
        """Made by the command of the page, on the machine of the server."""
        place = f"--data-dir {self.server.folder / 'data'} --url {self.server.origin}"
        made = self.sh(f"{MAKE_TOKEN.strip()} {place}")
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()


async def prepared(agent: Agent, shop_url: str) -> tuple[str, str]:
    """Project and scenario."""
    workspace = {"workspaceId": (await agent.call("list_workspaces"))["workspaces"][0]["id"]}
    provider = (await agent.call("list_docker_providers_by_workspace", workspace))[
        "dockerProviders"
    ][0]
    project = {"projectId": (await agent.call("create_project", {**workspace, "name": "CI"}))["id"]}
    user = await agent.call(
        "import_urls_virtual_user", {**project, "urls": [f"{shop_url}/search?q=lamp"], "name": "CI"}
    )
    load: dict[str, Any] = {"users": 2, "rampUpSec": 0, "holdForSec": 3}
    scenario = await agent.call(
        "create_scenario_ramp_up",
        {
            **project,
            **load,
            "scenarioName": "Nightly",
            "virtualUserIds": [user["id"]],
            "providerId": provider["id"],
            "locations": ["local"],
        },
    )
    return project["projectId"], scenario["id"]


async def keep_thresholds(agent: Agent, project_id: str, text: str) -> None:
    ticket = await agent.call(
        "upload_project_file", {"projectId": project_id, "filename": "slo.toml"}
    )
    await _post_file(ticket["url"], "slo.toml", text.encode())


@needs_jq
async def test_the_pipeline_fails_and_passes_by_the_verdict(
    server: Server, signed_in: SignedIn, tmp_path: Path
) -> None:
    ci = Pipeline(server, tmp_path)
    ci.environ |= {"OCTOPERF_URL": server.url, "OCTOPERF_TOKEN": ci.token()}
    shop = await start_shop()
    try:
        async with signed_in() as agent:
            project, scenario = await prepared(agent, shop.url)
            await keep_thresholds(agent, project, blocks("toml")[0])
        done = await in_thread(ci, LOAD_TEST, SCENARIO_ID=scenario)
        assert done.returncode == 1, done.stderr  # no action "Search", 30 s of warm-up
        assert "could not be evaluated" in done.stdout
        first = (tmp_path / "run.json").read_text("utf-8")
        async with signed_in() as agent:
            text = '[[thresholds]]\nmetric = "ERRORS_PERCENT"\nmax = 100\n'
            await keep_thresholds(agent, project, text)
        done = await in_thread(ci, LOAD_TEST, SCENARIO_ID=scenario)
        assert (done.returncode, done.stderr) == (0, "")
    finally:
        await shop.close()
    (suite,) = ET.parse(tmp_path / "slo.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    assert (tmp_path / "slo.md").read_text("utf-8").startswith("### ✅ pass")
    (baseline,) = re.findall(r'"benchResultIds":\s*\[\s*"([^"]+)"', first)
    done = await in_thread(ci, COMPARE, BASELINE=baseline)
    verdict = done.stdout.partition(":")[0]
    assert verdict in {"pass", "improve", "regress", "not_comparable"}, done.stderr
    assert done.returncode == (1 if verdict == "regress" else 0)


async def in_thread(
    ci: Pipeline, script: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """The shop answers in this process meanwhile."""
    return await asyncio.to_thread(ci.sh, script, **variables)


@needs_jq
async def test_a_refused_call_ends_the_script_with_its_reason(
    server: Server, tmp_path: Path
) -> None:
    ci = Pipeline(server, tmp_path)
    wrong = {"OCTOPERF_URL": server.url, "SCENARIO_ID": "none"}
    done = ci.sh(LOAD_TEST, **wrong, OCTOPERF_TOKEN=ci.token())
    assert done.returncode == 1
    assert "scenarioId" in done.stderr
    done = ci.sh(LOAD_TEST, **wrong, OCTOPERF_TOKEN="opct_not-one")
    assert done.returncode == 1
    assert "OCTOPERF_TOKEN" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_samples_publish_what_the_script_writes() -> None:
    written = set(re.findall(r"> (\w+\.\w+)$", LOAD_TEST, re.MULTILINE))
    for sample in blocks("yaml"):
        assert "sh load-test.sh" in sample
        assert set(re.findall(r"\bslo\.\w+", sample)) <= written
        assert {"slo.xml", "slo.md"} <= set(re.findall(r"\bslo\.\w+", sample))
    variables = set(re.findall(r"\$(OCTOPERF_\w+|SCENARIO_ID)", LOAD_TEST)) | {"OCTOPERF_TOKEN"}
    assert variables == {"OCTOPERF_URL", "OCTOPERF_TOKEN", "SCENARIO_ID"}
