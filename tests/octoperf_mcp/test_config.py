"""Configuration: flags > environment > TOML > defaults; unknown keys are errors."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from octoperf_mcp.config import Secret, load_settings
from octoperf_mcp.errors import ConfigError


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_defaults_listen_on_loopback_with_the_embedded_platform() -> None:
    settings = load_settings(environ={})
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8091)
    assert settings.upstream.url == ""


def test_flags_win_over_the_environment_which_wins_over_the_file(tmp_path: Path) -> None:
    file = write(tmp_path / "c.toml", "[server]\nport = 1\ndrain_s = 1\nhost = 'a'\n")
    environ = {"OCTOPERF_MCP_SERVER_PORT": "2", "OCTOPERF_MCP_SERVER_DRAIN_S": "2.5"}
    settings = load_settings(flags={"server": {"port": 3}}, environ=environ, file=file)
    assert (settings.server.port, settings.server.drain_s, settings.server.host) == (3, 2.5, "a")


def test_a_flag_that_was_not_given_leaves_the_environment_alone() -> None:
    environ = {"OCTOPERF_MCP_SERVER_PORT": "2"}
    assert load_settings(flags={"server": {"port": None}}, environ=environ).server.port == 2


def test_a_secret_is_read_from_a_file_and_hidden(tmp_path: Path) -> None:
    file = write(tmp_path / "password", "pa55\n")
    environ = {"OCTOPERF_MCP_EMBEDDED_DEMO_PASSWORD_FILE": str(file)}
    settings = load_settings(environ=environ)
    assert settings.embedded.demo_password == Secret("pa55")
    assert "pa55" not in repr(settings.embedded)


def test_lists_are_split_at_commas_in_the_environment() -> None:
    environ = {"OCTOPERF_MCP_PLUGINS_DISABLE": "bench, analysis"}
    assert load_settings(environ=environ).plugins.disable == ("bench", "analysis")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[sever]\nport = 1\n", "did you mean 'server'"),
        ("[server]\nprot = 1\n", "did you mean 'port'"),
        ("[server]\nport = 'x'\n", "must be a number"),
        ("server = 1\n", "must be a table"),
        ("[server\n", "not valid TOML"),
        ("[plugins]\nenable = [1]\n", "must be a list of texts"),
        ("[server]\nhost = 1\n", "must be text"),
    ],
)
def test_a_wrong_file_is_refused_with_what_to_write(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_settings(environ={}, file=write(tmp_path / "c.toml", toml))


def test_a_file_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_settings(environ={"OCTOPERF_MCP_CONFIG": str(tmp_path / "none.toml")})


def test_an_unknown_environment_variable_is_an_error() -> None:
    with pytest.raises(ConfigError, match="OCTOPERF_MCP_SERVER_PORT"):
        load_settings(environ={"OCTOPERF_MCP_SERVER_PROT": "1"})


def test_a_plugin_has_its_own_section() -> None:
    @dataclass(frozen=True)
    class Bench:
        limit: int = 3
        on: bool = False

    environ = {"OCTOPERF_MCP_BENCH_LIMIT": "5", "OCTOPERF_MCP_BENCH_ON": "yes"}
    settings = load_settings(environ=environ, sections={"bench": Bench})
    assert settings["bench"] == Bench(5, on=True)
    with pytest.raises(ConfigError, match="true or false"):
        load_settings(environ={"OCTOPERF_MCP_BENCH_ON": "x"}, sections={"bench": Bench})
