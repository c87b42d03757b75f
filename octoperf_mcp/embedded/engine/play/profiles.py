"""From the documents of a plan to the program of each profile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.engine.actions import containers, generic, meetings, requests, scripts
from octoperf_mcp.embedded.engine.actions.added_actions import added_compilers
from octoperf_mcp.embedded.engine.actions.compiler import Options, Scope, Warn, compile_children
from octoperf_mcp.embedded.engine.actions.timers import compile_pacing
from octoperf_mcp.embedded.engine.browsers import actions as browser_actions
from octoperf_mcp.embedded.engine.play.control import ERROR_POLICIES
from octoperf_mcp.embedded.engine.play.engine_settings import not_applied
from octoperf_mcp.embedded.engine.play.program import BrowserSettings, Program
from octoperf_mcp.embedded.engine.play.variables import Surroundings, compile_variables
from octoperf_mcp.embedded.engine.processes.order import profile_name
from octoperf_mcp.embedded.engine.runs.mentions import Mentions
from octoperf_mcp.embedded.engine.wire.http_cache import SIZE
from octoperf_mcp.embedded.engine.wire.transport import Server

ACTION_MODULES = (browser_actions, containers, generic, meetings, requests, scripts)
"""Imported for the node types that they register."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Materials:
    """What a run is made of: the documents of its project as they were at its start."""

    virtual_users: Mapping[str, Document]
    servers: Sequence[Document]
    variables: Sequence[Document]
    resources: Path
    """Folder with the project files."""
    run_id: str
    share: tuple[int, int] = (0, 1)
    """Index of this generator, and how many there are."""
    shared: dict[Any, Any] = field(default_factory=dict)
    """State of variables that the profiles of this generator have in common."""
    browser: BrowserSettings = field(default_factory=BrowserSettings)
    """How users with a real browser play."""
    actions: Sequence[Document] = ()
    """Kinds of actions of plugins; see `AddedAction.message`."""


def compile_profile(profile: Document, index: int, materials: Materials, warn: Warn) -> Program:
    """The program of one user profile of a scenario.

    Args:
        profile: A UserProfile.
        index: Its place in the scenario.
        materials: The documents.
        warn: Takes what does not run, for the run log.
    """
    played = materials.virtual_users[str(profile["virtualUserId"])]
    for text in not_applied(profile.get("engine") or {}, str(played.get("type") or "")):
        warn(f"Profile {profile_name(profile, index)!r}: {text}")
    role = Role(profile_name(profile, index), index, str(profile["virtualUserId"]))
    program = compile_program(role, materials, profile_options(profile), warn)
    apply_engine(program, profile)
    return program


def profile_options(profile: Document) -> Options:
    """What the engine block of a profile says about how a tree is compiled."""
    engine = profile.get("engine") or {}
    browser = engine.get("browser") or {}
    think = (engine.get("settings") or {}).get("thinkTime") or {}
    return Options(
        think_time_override=think.get("thinktime"),
        keep_alive=browser.get("keepAlive"),
        user_agent=str(browser.get("userAgent") or ""),
        sends_cookies=(browser.get("cookies") or {}).get("policy") != "IGNORE_COOKIES",
        download_resources=browser.get("downloadResources"),
    )


def apply_engine(program: Program, profile: Document) -> None:
    """What the engine block of a profile says about how a program is played."""
    engine = profile.get("engine") or {}
    settings, browser = engine.get("settings") or {}, engine.get("browser") or {}
    program.browser = program.browser.of_engine(engine)
    program.static_hosts = (engine.get("dns") or {}).get("staticHosts") or {}
    policy = str(settings.get("errorHandling") or "CONTINUE")
    program.error_policy = policy if policy in ERROR_POLICIES else "CONTINUE"
    think = settings.get("thinkTime") or {}
    if (think.get("thinktime") or {}).get("@type") != "ThroughputThinktime":
        program.pacing_ms = compile_pacing(think.get("pacing"))
    iterations = settings.get("iterations")
    program.iterations = int(iterations) if iterations else None
    cookies, cache = browser.get("cookies") or {}, browser.get("cache") or {}
    program.clears_cookies = cookies.get("clearOnEachIteration") is not False
    size = cache.get("cacheSize")
    program.cache_size = SIZE if size is None else int(size)
    program.clears_cache = cache.get("clearCacheOnEachIteration") is not False
    program.cache_is_timed = bool(cache.get("useCacheControlHeaders"))
    program.bits_per_second = int((engine.get("bandwidth") or {}).get("bitsPerSecond") or 0)


@dataclass(frozen=True, slots=True)
class Role:
    """Who plays which virtual user."""

    name: str
    profile: int
    virtual_user_id: str


def compile_program(role: Role, materials: Materials, options: Options, warn: Warn) -> Program:
    """A virtual user with its servers and variables, ready to be played."""
    tree = materials.virtual_users[role.virtual_user_id]
    mentioned = Mentions.of([*materials.virtual_users.values(), *materials.servers])
    around = Surroundings(
        materials.resources, materials.share, materials.run_id, warn, materials.shared
    )
    program = Program(
        role.name,
        role.profile,
        role.virtual_user_id,
        lambda _: None,
        compile_variables(materials.variables, mentioned, around),
        resources=materials.resources,
        browser=materials.browser,
    )
    scope = Scope(
        servers={str(server["id"]): Server.of(server) for server in materials.servers},
        authorizations={
            str(server["id"]): server.get("authorizations") or [] for server in materials.servers
        },
        trees=materials.virtual_users,
        resources=materials.resources,
        options=options,
        warn=warn,
        program=program,
        linked=(role.virtual_user_id,),
        added=added_compilers(materials.actions),
    )
    listed = tree.get("type") == "WEB_DRIVER"
    program.body = (browser_actions.compile_list if listed else compile_children)(tree, scope)
    program.secrets += program.variables.secrets
    return program
