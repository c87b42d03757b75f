"""Settings that are each well formed and contradict each other."""

import pytest

from octoperf_mcp.config import load_settings
from octoperf_mcp.config.contradictions import contradictions, refuse_contradictions
from octoperf_mcp.errors import ConfigError


def found(**environ: str) -> list[str]:
    return contradictions(
        load_settings(environ={f"OCTOPERF_MCP_{name}": value for name, value in environ.items()})
    )


def test_the_defaults_do_not_contradict_each_other() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"SERVER_HOST": "0.0.0.0"}, "--public-url"),
        (
            {
                "SERVER_HOST": "0.0.0.0",
                "AUTH_MODE": "off",
                "SERVER_PUBLIC_URL": "https://x.example",
            },
            "loopback addresses only",
        ),
        ({"SERVER_PUBLIC_URL": "octoperf.example.com"}, "must be an address such as"),
        ({"SERVER_PUBLIC_URL": "https://x.example/mcp"}, "without a path"),
        ({"SERVER_PUBLIC_URL": "https://x.example:port"}, "must be an address such as"),
        ({"SERVER_TLS_CERT": "/no/file"}, "is no file"),
        ({"UPSTREAM_CA_FILE": "/no/file"}, "is no file"),
        ({"SERVER_TLS_KEY": __file__}, "needs [server] tls_cert"),
        (
            {"SERVER_TLS_CERT": __file__, "SERVER_PUBLIC_URL": "http://x.example"},
            "is plain http",
        ),
        ({"UPSTREAM_ROUTES_FILE": "routes.toml"}, "needs [upstream] url"),
        ({"UPSTREAM_URL": "ftp://x.example"}, "must be an address such as"),
        ({"UPSTREAM_URL": "https://x.example?a=b"}, "without query"),
        ({"SERVER_SECRETS": "guessable"}, "32 characters"),
        ({"SHARED_REDIS_URL": "redis://localhost"}, "needs [server] secrets"),
        ({"SERVER_TRUSTED_PROXIES": "10.0.0.0/8,here"}, "'here' is no address or network"),
        ({"PLUGINS_ENABLE": "bench", "PLUGINS_DISABLE": "bench"}, "exclude each other: bench"),
        (
            {
                "UPSTREAM_URL": "https://x.example",
                "EMBEDDED_DATABASE_URL": "postgresql://me:pa55@db/x",
            },
            "exclude each other: a bridge has no database",
        ),
    ],
)
def test_a_contradiction_is_told(environ: dict[str, str], said: str) -> None:
    (told,) = found(**environ)
    assert said in told
    assert any(f"environment OCTOPERF_MCP_{name}" in told for name in environ)
    assert "pa55" not in told
    assert "guessable" not in told


def test_all_contradictions_are_told_at_once() -> None:
    settings = load_settings(
        environ={
            "OCTOPERF_MCP_SERVER_SECRETS": "short",
            "OCTOPERF_MCP_SERVER_PUBLIC_URL": "nowhere",
        }
    )
    with pytest.raises(ConfigError) as caught:
        refuse_contradictions(settings)
    assert len(caught.value.message.splitlines()) == 2
