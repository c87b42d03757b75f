"""The sections of the configuration, and what each key means."""

from dataclasses import dataclass
from typing import Any

from octoperf_mcp.config.values import Secret, described


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the server listens and what it calls itself."""

    host: str = described(
        "Address to listen on; another than loopback needs public_url.", "127.0.0.1"
    )
    port: int = described("Port to listen on; 0 takes a free one.", 8091, least=0, most=65_535)
    public_url: str = described("Origin that clients see, https://octoperf.example.com.", "")
    allowed_origins: tuple[str, ...] = described(
        "Browser origins that may call /mcp, besides loopback ones; * for all.", ()
    )
    secrets: Secret = described(
        "Secrets that seal sessions and questions, so that they survive a restart and work on all "
        "replicas: 32 random characters or more, several separated by blanks, newest first.",
        factory=Secret,
    )
    trusted_proxies: tuple[str, ...] = described(
        "Addresses and networks of reverse proxies whose X-Forwarded-For is believed.", ()
    )
    tls_cert: str = described(
        "File with the certificate and its chain (PEM), to serve https without a proxy; SIGHUP "
        "reads it again.",
        "",
    )
    tls_key: str = described("File with its private key; default: in the same file.", "")
    drain_s: float = described(
        "Seconds that calls under way may take to end after SIGTERM.", 20.0, least=0
    )
    drain_delay_s: float = described(
        "Seconds between not being ready any more and refusing new calls after SIGTERM, in which "
        "load balancers notice.",
        0.0,
        least=0,
    )


@dataclass(frozen=True, slots=True)
class SharedSettings:
    """What several replicas share; empty for a server that is alone."""

    redis_url: Secret = described(
        "Redis 7 or Valkey, redis://[[user]:password@]host[:port][/db], rediss:// for TLS: streams "
        "resume, questions are answered and deleted sessions are known at every replica. Needs "
        "the extra `redis` and [server] secrets.",
        factory=Secret,
    )
    prefix: str = described("First part of all keys in Redis.", "octoperf-mcp")


@dataclass(frozen=True, slots=True)
class ToolsSettings:
    """What holds for all tools."""

    confirm: str = described(
        "Before load is started or stopped and before something is deleted: `ask` the user where "
        "the client can, `always` want a second call with a token where it cannot (edits "
        "included), `never`.",
        "ask",
        choices=("ask", "always", "never"),
    )
    disable: tuple[str, ...] = described("Tools to switch off, by name.", ())
    max_result_bytes: int = described(
        "Largest result of a tool; longer lists are cut, and say so in `truncated`.",
        60_000,
        least=1_000,
    )


@dataclass(frozen=True, slots=True)
class LimitsSettings:
    """What one user may take of this process; 0 for no limit."""

    requests_per_s: float = described("Requests a second to /mcp, in the long run.", 50.0, least=0)
    burst: int = described("Requests to /mcp that may come at once.", 500, least=0)
    streams: int = described("Open event streams at a time.", 100, least=0)


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """The OctoPerf REST API behind the bridge; empty means the embedded platform."""

    url: str = described("Origin of the REST API, https://api.octoperf.com.", "")
    ui_url: str = described("Origin of the web UI that links point at; default: the API's.", "")
    timeout_s: float = described(
        "Longest silence of the REST API during a call, in seconds.", 60.0, least=0.1
    )
    longest_s: float = described(
        "Longest time that a whole answer of the REST API may take, in seconds.", 300.0, least=1
    )
    connections: int = described("Most connections at a time.", 100, least=1)
    retries: int = described(
        "How often a GET is repeated when the REST API is down or asks to wait 2 seconds or less.",
        2,
        least=0,
        most=10,
    )
    breaker_failures: int = described(
        "Calls without an answer, one after the other, after which calls are refused at once; 0 "
        "for never.",
        10,
        least=0,
    )
    breaker_pause_s: float = described(
        "Seconds for which they are, and between the trials whether it is over.", 5.0, least=0.1
    )
    proxy: Secret = described(
        "Proxy on the way to it, http://[user:password@]host:port; `off` for none; default: "
        "HTTPS_PROXY, HTTP_PROXY and NO_PROXY.",
        factory=Secret,
    )
    no_proxy: tuple[str, ...] = described(
        "Hosts, suffixes such as .example.com and networks that are reached without the proxy.", ()
    )
    ca_file: str = described(
        "Certificates (PEM) that are trusted besides the system's, or those of SSL_CERT_FILE.", ""
    )
    routes_file: str = described(
        "TOML file with other methods and paths for calls of the REST API; "
        "`octoperf-mcp config routes` prints all of them.",
        "",
    )
    max_answer_bytes: int = described(
        "Largest REST answer that is read, in bytes.", 64 * 1024 * 1024, least=1024
    )


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """Whose tokens are accepted."""

    mode: str = described(
        "`oauth`, or `off` for protocol tests on a loopback address.",
        "oauth",
        choices=("oauth", "off"),
    )
    issuer: str = described("Issuer of the tokens; default: the REST API's origin.", "")
    jwks_url: str = described("Where the issuer's keys are; default: read from its metadata.", "")
    audiences: tuple[str, ...] = described(
        "Accepted `aud` values besides the public origin and its /mcp.", ()
    )
    scope_prefix: str = described(
        "What the issuer wants before octoperf:read and octoperf:write when clients ask for them, "
        "such as Entra ID's Application ID URI and a slash.",
        "",
    )
    client_id: str = described(
        "Public client id that `/mcp/public/connect.md` and `bundle` tell people to use, where the "
        "issuer takes no registrations.",
        "",
    )
    algorithms: tuple[str, ...] = described(
        "Accepted signature algorithms.", ("RS256", "ES256", "EdDSA")
    )
    leeway_s: float = described("Clock difference that is forgiven, in seconds.", 30.0, least=0)


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """The embedded OctoPerf-compatible platform."""

    data_dir: str = described("Directory of the database, run files and keys.", "")
    database_url: str = described("Database address; default: SQLite in data_dir.", "")
    secrets_key: Secret = described(
        "Key that seals secret variables: 32 bytes in Base64, the same on all replicas of one "
        "database; default: the file secrets.key in data_dir.",
        factory=Secret,
    )
    demo_password: Secret = described(
        "Password of the user `demo` in a fresh data directory; default: generated.", factory=Secret
    )
    max_upload_bytes: int = described("Largest uploaded file.", 200 * 1024 * 1024, least=1)
    presigned_life_s: int = described("Seconds a presigned address lives.", 300, least=1)
    fetch_from: tuple[str, ...] = described(
        "Where imports may be fetched: `public` for all public addresses, HOST[:PORT]; off.", ()
    )
    notify_to: tuple[str, ...] = described(
        "Where notifiers may send: `public` for all public addresses, and hosts (HOST[:PORT]) that "
        "may be inside.",
        ("public",),
    )
    revisions: int = described("Earlier versions kept of each document.", 50, least=0)
    revision_days: int = described("Days that earlier versions are kept.", 90, least=0)
    audit_days: int = described("Days that the record of who did what is kept.", 90, least=0)
    chromium: str = described(
        "Browser that prints reports as PDF and that browser users drive; default: Chromium or "
        "Chrome, found on PATH.",
        "",
    )
    access_life_s: int = described("Seconds an access token lives.", 15 * 60, least=1)
    client_documents: bool = described(
        "Accept client ids that are addresses of metadata documents, and fetch those; needs a "
        "way out to the internet.",
        False,
    )
    client_document_hosts: tuple[str, ...] = described(
        "Hosts whose metadata documents are fetched; default: any.", ()
    )
    login_release: int = described(
        "Release whose answer /public/users/login gives: 16, or 15 with a bare token.",
        16,
        choices=(15, 16),
    )
    workers: int = described("Load worker processes of a run; 0: one per core.", 0, least=0)
    run_file_days: int = described(
        "Days that logs and other files of a run are kept after its end; 0: for ever.", 7, least=0
    )
    most_users: int = described(
        "Most virtual users of a run; 0: one for each megabyte of the machine's memory.", 0, least=0
    )
    most_browsers: int = described(
        "Most users with a real browser of a run; -1: one per core as memory allows, none on a "
        "public address, since a Playwright spec is a program that runs with the service's rights.",
        -1,
        least=-1,
    )
    browser_runner: str = described(
        "Directory of Playwright's runner; default: octoperf-mcp/browsers in the user's data.", ""
    )
    longest_run_min: int = described("Longest planned run, in minutes.", 24 * 60, least=0)
    unconfirmed_users: int = described(
        "Most virtual users of a run against hosts that are neither this machine nor confirmed.",
        50,
        least=0,
    )
    load_targets: tuple[str, ...] = described(
        "Hosts that may be put under load from all workspaces; * stands for any text.", ()
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged and how."""

    level: str = described(
        "debug, info, warning or error.", "info", choices=("debug", "info", "warning", "error")
    )
    format: str = described(
        "`json`, `console`, or `auto`: console on a terminal.",
        "auto",
        choices=("auto", "json", "console"),
    )


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Prometheus metrics at `/metrics`: from loopback, with the token, or at their own port."""

    enabled: bool = described("Whether there are any.", True)
    token: Secret = described(
        "Bearer token with which `/metrics` is told to other machines.", factory=Secret
    )
    host: str = described("Address of a listener for metrics alone.", "127.0.0.1")
    port: int = described(
        "Port of that listener, which asks for no token; 0 for none.", 0, least=0, most=65_535
    )


@dataclass(frozen=True, slots=True)
class TracesSettings:
    """OpenTelemetry traces; where they go is told by OpenTelemetry's own OTEL_… variables."""

    enabled: bool = described("Whether to send them; needs the extra `otel`.", False)


@dataclass(frozen=True, slots=True)
class PluginsSettings:
    """Which plugins run."""

    enable: tuple[str, ...] = described("Plugins to switch on: third-party ones, conformance.", ())
    disable: tuple[str, ...] = described("Plugins to switch off.", ())
    override: tuple[str, ...] = described(
        "Built-in tools whose place a third-party plugin may take.", ()
    )
    required: tuple[str, ...] = described(
        "Plugins without which the server is not ready, and that cannot be disabled while it runs.",
        (),
    )
    load_timeout_s: float = described(
        "Longest that a third-party plugin may take to load.", 10.0, least=0.1
    )
    call_timeout_s: float = described(
        "Longest that a call of a third-party tool may take, as a task too.", 60.0, least=0.1
    )
    max_answer_bytes: int = described(
        "Largest answer of a third-party tool.", 8 * 1024 * 1024, least=1024
    )
    breaker_failures: int = described(
        "Failures in a row after which a third-party plugin is left alone for a while.", 5, least=1
    )
    breaker_pause_s: float = described("Seconds of that while.", 30.0, least=0)


SECTIONS: dict[str, type[Any]] = {
    "server": ServerSettings,
    "shared": SharedSettings,
    "tools": ToolsSettings,
    "limits": LimitsSettings,
    "upstream": UpstreamSettings,
    "auth": AuthSettings,
    "embedded": EmbeddedSettings,
    "log": LogSettings,
    "metrics": MetricsSettings,
    "traces": TracesSettings,
    "plugins": PluginsSettings,
}
