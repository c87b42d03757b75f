"""The image, as far as reading its Dockerfile goes; nothing here can build it."""

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


def test_it_installs_extras_that_exist() -> None:
    extras = re.search(r"'\.\[([\w,]+)\]'", TEXT)
    assert extras
    declared = (ROOT / "setup.cfg").read_text("utf-8").partition("extras_require")[2]
    for extra in extras[1].split(","):
        assert re.search(rf"^{extra} =$", declared, re.MULTILINE), extra
