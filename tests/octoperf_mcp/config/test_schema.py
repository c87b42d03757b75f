"""The JSON Schema of the configuration file says what the loader accepts."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest

from octoperf_mcp.config import described, load_settings
from octoperf_mcp.config.schema import json_schema
from octoperf_mcp.errors import ConfigError


@dataclass(frozen=True)
class Bench:
    limit: int = described("Most of it.", 3, least=1)


@pytest.mark.parametrize(
    "text",
    [
        "[server]\nport = 0\n",
        "[server]\nport = 65536\n",
        "[sever]\n",
        "[server]\nprot = 1\n",
        "[server]\nhost = 1\n",
        "[tools]\nconfirm = 'perhaps'\n",
        "[plugins]\nenable = [1]\n",
        "[plugins]\nenable = ['x']\n",
        "[bench]\nlimit = 0\n",
        "[bench]\nlimit = 1\n",
        "[embedded]\nlogin_release = 14\n",
        "[upstream]\ntimeout_s = 0\n",
    ],
)
def test_schema_and_loader_agree(tmp_path: Path, text: str) -> None:
    sections = {"bench": Bench}
    file = tmp_path / "c.toml"
    file.write_text(text, "utf-8")
    accepted = jsonschema.Draft202012Validator(json_schema(sections)).is_valid(tomllib.loads(text))
    try:
        load_settings(environ={}, file=file, sections=sections)
    except ConfigError:
        assert not accepted
    else:
        assert accepted


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
