"""The image, as far as reading its Dockerfile goes; `containers.py` builds and runs it."""

from __future__ import annotations

import re
import shutil
import sys
from itertools import chain
from pathlib import Path

import pytest

from tests.deploy.conftest import DEPLOY, told

TEXT = (DEPLOY / "Dockerfile").read_text("utf-8")
ROOT = DEPLOY.parent


def test_hadolint_has_nothing_to_say() -> None:
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("hadolint is not installed")
    assert told(program, DEPLOY / "Dockerfile") == ""


def test_bases_are_pinned_and_no_stage_ends_as_root() -> None:
    assert re.search(r"^ARG PYTHON=3\.\d+\.\d+-slim-\w+$", TEXT, re.MULTILINE)
    stages = re.split(r"^FROM .*$", TEXT, flags=re.MULTILINE)[1:]
    last = [re.findall(r"^USER (\S+)$", stage, re.MULTILINE)[-1:] for stage in stages]
    assert last == [[], ["10001"], ["10001"], []]  # the first is thrown away, the last inherits
    assert re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)[-1] == "service"


def test_what_is_copied_is_there_and_let_through() -> None:
    let = set((ROOT / ".dockerignore").read_text("utf-8").split())
    copied = [
        words.split()[:-1] for words in re.findall(r"^COPY (?!--from)(.*)$", TEXT, re.MULTILINE)
    ]
    for name in chain.from_iterable(copied):
        assert (ROOT / name).exists(), name
        assert f"!{name}" in let


def test_an_init_is_the_first_process_and_any_user_of_group_0_can_write() -> None:
    assert 'ENTRYPOINT ["tini", "--", "octoperf-mcp"]' in TEXT
    assert "--yes --no-install-recommends tini" in TEXT
    made = re.search(
        r"install --directory --owner=\S+ --group=0 --mode=0770 \\\n(.*)$", TEXT, re.MULTILINE
    )
    assert made
    home = re.search(r"^VOLUME (\S+)$", TEXT, re.MULTILINE)
    assert home
    assert made[1].split() == [home[1], f"{home[1]}/data", f"{home[1]}/data/runs"]
    assert f"OCTOPERF_MCP_EMBEDDED_DATA_DIR={home[1]}/data" in TEXT


def test_tests_of_others_stay_out_and_the_template_of_plugins_keeps_its_own() -> None:
    dropped = re.search(r"find /opt/octoperf-mcp/lib (.*)$", TEXT, re.MULTILINE)
    assert dropped
    assert dropped[1].startswith("-path '*/octoperf_mcp' -prune -o -type d -name tests")
    assert (ROOT / "octoperf_mcp" / "kit" / "template" / "tests").is_dir()


def test_it_installs_extras_that_exist() -> None:
    extras = re.search(r"'\.\[([\w,]+)\]'", TEXT)
    assert extras
    declared = (ROOT / "setup.cfg").read_text("utf-8").partition("extras_require")[2]
    for extra in extras[1].split(","):
        assert re.search(rf"^{extra} =$", declared, re.MULTILINE), extra
