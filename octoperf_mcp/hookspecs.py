"""Every hook, in call order: the table of contents of what can be extended.

All hooks are synchronous, take nothing, touch nothing and return frozen objects; what runs later
is a function inside such an object. A plugin's module says which API it was written for:

    octoperf_mcp_api = ">=1.0,<2"
"""

from collections.abc import Iterable

import pluggy

from octoperf_mcp.entities.action_types import ActionType
from octoperf_mcp.entities.extensions import CorrelationFramework, Importer
from octoperf_mcp.registry.assets import Completion, ConfigSection, Prompt, PublicAsset, Resource
from octoperf_mcp.registry.deep_links import DeepLink
from octoperf_mcp.registry.extending import (
    AfterToolCall,
    BeforeToolCall,
    Command,
    Drain,
    HealthCheck,
    Lifespan,
    Notifier,
    ReportItemType,
)
from octoperf_mcp.registry.rest_calls import RestCall
from octoperf_mcp.registry.tools import Tool

__all__ = ["PROJECT", "Lifespan", "hookimpl", "hookspec"]

PROJECT = "octoperf_mcp"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_config() -> Iterable[ConfigSection]:
    """Sections of the configuration: `ConfigSection("bench", BenchSettings)` is `[bench]`.

    The settings are a frozen dataclass whose fields all have defaults and are made with
    `described`, which gives each its sentence in `config` and in errors. They are read from the
    file and from `OCTOPERF_MCP_BENCH_…` once, before the server starts. Functions of the plugin
    that run later find them in `host.settings`.

    ```python
    @dataclass(frozen=True)
    class AcmeSettings:
        channel: str = described("Where to tell.", "#load")

    @hookimpl
    def register_config():
        return [ConfigSection("acme", AcmeSettings)]
    ```
    """
    return ()


@hookspec
def register_commands() -> Iterable[Command]:
    """Commands of `octoperf-mcp`, which an operator types.

    The module of a command is imported only when it runs; it has `add_arguments(parser)` and
    `run(args)`, which answers the exit status. There, `add_config_arguments(parser)` adds the
    options of the configuration and `settings, registry = read_config(args)` reads it. The command
    is there while its plugin is enabled, in the configuration or by `--enable` behind the command.
    A name that another command has is refused.

    ```python
    # acme/hello.py:
    def add_arguments(parser):
        parser.add_argument("name")

    def run(args):
        print(f"Hello {args.name}")
        return 0

    # acme/__init__.py:
    @hookimpl
    def register_commands():
        return [Command("acme.hello", "say hello", "octoperf-mcp hello", name="hello")]
    ```
    """
    return ()


@hookspec
def register_rest_calls() -> Iterable[RestCall]:
    """Every REST call that the plugin's tools can make; others are refused at run time.

    A call of the platform names its route as the platform has it; where an upstream may lack the
    route it is `optional`, and a tool that has it among its `needs` is listed only where it
    works. A call with a `base` goes to a service of the plugin's own, without the caller's token.

    ```python
    LIST = RestCall("GET", "/workspaces/member-of", answer="Workspace[]")
    SAY = RestCall("POST", "/say", body="json", base=BaseAddress("chat", url="https://acme.example"))

    @hookimpl
    def register_rest_calls():
        return [LIST, SAY]
    ```
    """
    return ()


@hookspec
def register_deep_links() -> Iterable[DeepLink]:
    """Pages of the web UI that the plugin's tools point at, for `ctx.link`.

    ```python
    PROJECTS = DeepLink("/ui/workspace/{workspaceId}/project")

    @hookimpl
    def register_deep_links():
        return [PROJECTS]
    ```
    """
    return ()


@hookspec
def register_tools() -> Iterable[Tool]:
    """Tools, built with `@tool`; names and older names are unique across all plugins.

    A third party gives its tools a prefix of its own (`acme_…`). It can take the place of a
    built-in tool only where the operator lists its name in `[plugins] override`.

    ```python
    @payload
    class Greeting:
        text: str
        url: str

    @tool(title="Greet", read_only=True)
    async def acme_greet(ctx: ToolContext, name: str) -> Greeting:
        '''Greet somebody.

        Args:
            name: Whom.
        '''
        return Greeting(text=f"Hello {name}", url="https://acme.example")

    @hookimpl
    def register_tools():
        return [acme_greet]
    ```
    """  # noqa: D214 - the docstring of the example's tool
    return ()


@hookspec
def register_resources() -> Iterable[Resource]:
    """MCP resources and resource templates, with their completions; addresses are unique.

    ```python
    async def read(ctx, values):
        return f"Notes of {values['team']}"

    @hookimpl
    def register_resources():
        return [
            Resource(
                "acme://notes/{team}", "notes", "Notes", "What a team noted.", "text/plain", read
            )
        ]
    ```
    """
    return ()


@hookspec
def register_prompts() -> Iterable[Prompt]:
    """MCP prompts beyond those that every tool has by itself; names are unique.

    ```python
    @hookimpl
    def register_prompts():
        return [
            Prompt(
                "acme-triage",
                "Triage",
                "Find what failed.",
                (PromptArgument("run", "Which run.", required=True),),
                render=lambda values: f"Say what failed in {values['run']}.",
            )
        ]
    ```
    """
    return ()


@hookspec
def register_completions() -> Iterable[Completion]:
    """Live values for prompt arguments by name: `projectId` for every prompt that has it.

    ```python
    async def teams(ctx, typed, known):
        return [team for team in ("red", "blue") if team.startswith(typed)]

    @hookimpl
    def register_completions():
        return [Completion("team", teams)]
    ```
    """
    return ()


@hookspec
def register_public_assets() -> Iterable[PublicAsset]:
    """Files under `/mcp/public/`; `resource_uri` serves the same bytes as an MCP resource.

    They are read without signing in. `skills/<name>.md` with front matter is a skill, which clients
    list. One that calls tools, as `acme_greet(…)` in its code, is left out where one of them is
    missing.

    ```python
    SKILL = b'''---
    name: acme-notes
    description: When to take notes, and where.
    ---
    # Notes
    '''

    @hookimpl
    def register_public_assets():
        return [PublicAsset("skills/acme-notes.md", "text/markdown; charset=utf-8", SKILL)]
    ```
    """
    return ()


@hookspec
def register_before_tool_call() -> Iterable[BeforeToolCall]:
    """Looks at calls of all tools before they are made, and may refuse one with a ToolError.

    Checks run one after the other, in the order of the plugins' names, each with a time limit.
    Without any such plugin a call pays nothing.

    ```python
    async def only_in_daytime(host, context, call):
        if call.tool == "run_scenario" and host.state.get("night"):
            raise ForbiddenError("No load at night.")

    @hookimpl
    def register_before_tool_call():
        return [BeforeToolCall(only_in_daytime)]
    ```
    """
    return ()


@hookspec
def register_after_tool_call() -> Iterable[AfterToolCall]:
    """Is told of calls of all tools after they ended, and cannot change their results.

    ```python
    async def count(host, context, call, end):
        host.state[end.outcome] = host.state.get(end.outcome, 0) + 1

    @hookimpl
    def register_after_tool_call():
        return [AfterToolCall(count)]
    ```
    """
    return ()


@hookspec
def register_health_checks() -> Iterable[HealthCheck]:
    """Lines of `/readyz`; one that gives a reason makes the server not ready.

    ```python
    @hookimpl
    def register_health_checks():
        return [HealthCheck("acme", lambda host: "" if "link" in host.state else "no link yet")]
    ```
    """
    return ()


@hookspec
def register_importers() -> Iterable[Importer]:
    """Kinds of files that the embedded platform imports, beside its own.

    A tool of the plugin sends the file with `RestCall("POST", "/imports/acme/{projectId}",
    body="multipart", optional=True)`, and is listed only where the platform has that kind. The form
    of the web UI offers it by its name. The function that reads it runs in a process of its own:
    when it fails, hangs or takes too much memory, that one import is refused, with the reason.
    What it answers is kept whole or not at all, once it fits `octoperf://schema/vu`. Kinds are
    unique. Switching the plugin holds at once. `plugins/octoperf_curl` is a small real one, with
    the tool.

    ```python
    # acme_plugin/reading.py:
    from octoperf_mcp.entities.imported import Imported
    from octoperf_mcp.errors import InvalidArgumentError

    def read_recording(file, options, bodies):
        steps = file.read().decode().split()
        if not steps:
            raise InvalidArgumentError("It has no step.", next_step="Record again.")
        children = [
            {"@type": "ContainerAction", "id": text, "name": text, "enabled": True, "children": []}
            for text in steps
        ]
        user = {"@type": "VirtualUser", "type": "JMETER", "name": options["filename"]}
        found = [{**user, "id": "1", "children": children}]
        return Imported(virtual_users=found, carried=len(children))

    # acme_plugin/__init__.py:
    @hookimpl
    def register_importers():
        return [Importer("acme", "acme_plugin.reading:read_recording", name="Acme recording")]
    ```
    """
    return ()


@hookspec
def register_action_types() -> Iterable[ActionType]:
    """Kinds of actions of a virtual user that the embedded platform's load engine plays.

    `octoperf://schema/vu` lists them, documents with them are checked, and a validation or a run
    plays them: `play` names a function that is imported in the processes which play, on every
    machine of a run, and gets an `ActionUser` (`octoperf_mcp.entities.playing` tells all that it
    can do). What it raises is a KO row. Types and JMeter classes are unique. Switching the plugin
    holds at once: what is stored of its types stays, and nothing is added. A machine that joined
    needs the plugin in the same version. `plugins/octoperf_websocket` is a real one.

    ```python
    def say(user):
        with user.sample("SAY", user.text("url")) as sample:
            sample.sent(user.text("words"))
            sample.received(user.text("words").upper())

    @hookimpl
    def register_action_types():
        own = {"url": {"type": "string"}, "words": {"type": "string"}}
        return [ActionType("AcmeSayAction", "Says words.", "acme:say", own, reaches=("url",))]
    ```
    """
    return ()


@hookspec
def register_correlation_frameworks() -> Iterable[CorrelationFramework]:
    """Presets of correlation rules, beside those that the embedded platform has itself.

    `list_correlation_frameworks` lists them, `add_correlation_framework_to_project` copies their
    rules. Ids are unique; a third party's plugin with a rule that no project could keep is disabled
    with the reason. Switching the plugin holds at once; rules that were copied stay. A bridge to
    another platform offers the presets of that one.

    ```python
    ORDER = {
        "id": "",
        "name": "order",
        "extractor": {
            "@type": "RegexpVariableExtractor",
            "id": "",
            "name": "order",
            "variable": "order",
            "regexp": 'data-order="([^"]+)"',
            "template": "$1$",
            "matchNumber": 1,
            "extractFrom": "BODY",
        },
        "injectionRules": [{"@type": "PostParamValueInjectionRule", "name": "order"}],
    }

    @hookimpl
    def register_correlation_frameworks():
        return [CorrelationFramework("acme", "Acme", "Orders of the Acme shop.", (ORDER,))]
    ```
    """
    return ()


@hookspec
def register_report_item_types() -> Iterable[ReportItemType]:
    """Types of report items of the embedded platform, beside its own.

    The function of a type reads runs and answers a `Table`, `Lines`, `Bars` or a `Grid`: figures,
    no markup. The page draws it, also while the run goes on, the PDF prints it, and
    `get_report_item_values` reads it. It runs in a thread of its own: one that fails or takes too
    long shows its reason in the place of the item, and nothing else suffers. Types are unique.
    Switching the plugin holds at once; a report with its items stays, and says which plugin is
    off. `plugins/octoperf_heatmap` is a small real one.

    ```python
    def slow_share(host, request):
        limit_ms = request.item.get("slowerThanMs") or 1000
        rows = []
        for found in request.run.histograms(filters=request.filters, by_action=True):
            slow = sum(one.count for one in found.buckets if one.low_us >= limit_ms * 1000)
            name = request.run.actions.get(found.action_id, found.action_id)
            rows.append([name, 100 * slow / found.count])
        return Table([Column("Action"), Column(f"Over {limit_ms} ms", "%")], rows)

    @hookimpl
    def register_report_item_types():
        return [
            ReportItemType(
                "AcmeSlowReportItem",
                "Slow requests",
                "Share of slow requests of each action; slowerThanMs says what is slow.",
                slow_share,
                properties={"slowerThanMs": {"type": "integer", "minimum": 1}},
            )
        ]
    ```
    """
    return ()


@hookspec
def register_notifiers() -> Iterable[Notifier]:
    """Who is told of load runs of the embedded platform that ended: FINISHED, ABORTED or ERROR.

    That each is to be told is written down with the end of the run, so that neither a restart nor
    a lost machine forgets it; one replica tells it, in the background, and again after failures (12
    attempts within a day). A receiver may get a notice twice, with the same `Idempotency-Key`.
    The run brings headline figures and the verdict over `slo.toml` or `slo.json` of its project,
    computed once; where that failed, `missing` says so. Names in it are text of others: escape
    them. `describe` of a notifier is what `preview_run` tells agents of it.
    Whatever a notifier does, the run has ended and stays as it is. Addresses must be public, or of
    a host that the operator names in `[embedded] notify_to`. Switching the plugin on holds from the
    next run that ends. A bridge to another platform plays no runs and tells nobody.

    ```python
    async def tell_ops(host, run, deliver):
        if run.state != "FINISHED":
            await deliver("https://ops.example/hook", {"text": f"{run.name}: {run.cause}"})

    @hookimpl
    def register_notifiers():
        return [Notifier("ops", tell_ops)]
    ```
    """
    return ()


@hookspec
def register_lifespan() -> Iterable[Lifespan]:
    """Async context managers over the life of the server: start-up before, shutdown behind `yield`.

    Entered before the first request, left in reverse order after the last one.

    ```python
    async def life(host):
        host.state["link"] = "open"
        yield
        host.state["link"] = "closed"

    @hookimpl
    def register_lifespan():
        return [life]
    ```
    """
    return ()


@hookspec
def register_drain() -> Iterable[Drain]:
    """Functions that are called when the server begins to drain: no new work from here on.

    They run while calls under way still end; shutdown follows.

    ```python
    async def say_goodbye(host):
        host.state["draining"] = True

    @hookimpl
    def register_drain():
        return [say_goodbye]
    ```
    """
    return ()
