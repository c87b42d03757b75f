"""Configuration: flags > environment > TOML > defaults; unknown keys are errors."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

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
        ("[server]\nport = 1.5\n", "must be a whole number"),
        ("[server]\nport = true\n", "must be a whole number"),
        ("[server]\nport = 70000\n", "must be 65535 or less, not 70000"),
        ("[server]\ndrain_s = -1\n", "must be 0 or more"),
        ("[server]\ndrain_s = nan\n", "must be 0 or more"),
        ("[tools]\nconfirm = 'alway'\n", "ask, always, never, not 'alway'; did you mean 'always'"),
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


def test_an_error_names_key_value_and_origin(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(environ={"OCTOPERF_MCP_LOG_LEVEL": "inof"})
    assert caught.value.message == (
        "[log] level (environment OCTOPERF_MCP_LOG_LEVEL) must be one of debug, info, warning, "
        "error, not 'inof'; did you mean 'info'?"
    )
    file = write(tmp_path / "c.toml", "[limits]\nburst = 'many'\n")
    with pytest.raises(ConfigError, match=rf"\[limits\] burst \(file {file}\).*'many'"):
        load_settings(environ={}, file=file)


def test_each_value_knows_where_it_comes_from(tmp_path: Path) -> None:
    file = write(tmp_path / "c.toml", "[server]\nport = 1\ndrain_s = 1\n")
    password = write(tmp_path / "password", "pa55\n")
    settings = load_settings(
        flags={"server": {"public_url": "https://x.example"}},
        environ={
            "OCTOPERF_MCP_SERVER_PORT": "2",
            "OCTOPERF_MCP_EMBEDDED_DEMO_PASSWORD_FILE": str(password),
        },
        file=file,
    )
    assert str(settings.origin("server", "public_url")) == "flag --public-url"
    assert str(settings.origin("server", "port")) == "environment OCTOPERF_MCP_SERVER_PORT"
    assert str(settings.origin("server", "drain_s")) == f"file {file}"
    assert str(settings.origin("server", "host")) == "default"
    secret = settings.origin("embedded", "demo_password")
    assert str(secret) == "environment OCTOPERF_MCP_EMBEDDED_DEMO_PASSWORD_FILE"


@settings_of_hypothesis(max_examples=60)
@given(st.tuples(*[st.one_of(st.none(), st.integers(1, 9))] * 3))
def test_the_strongest_source_that_is_given_wins(given_by: tuple[int | None, ...]) -> None:
    flag, variable, written = given_by
    with tempfile.TemporaryDirectory() as directory:
        text = "" if written is None else f"[limits]\nburst = {written}\n"
        loaded = load_settings(
            flags={"limits": {"burst": flag}},
            environ={} if variable is None else {"OCTOPERF_MCP_LIMITS_BURST": str(variable)},
            file=write(Path(directory) / "c.toml", text),
        )
    assert loaded.limits.burst == next((each for each in given_by if each is not None), 500)
