"""Results of load tests for pipelines, pages and chats: what the plugin registers."""

from collections.abc import Iterable
from importlib.resources import files

from octoperf_mcp import (
    ActionType,
    AfterToolCall,
    BeforeToolCall,
    Command,
    ConfigSection,
    DeepLink,
    HealthCheck,
    Prompt,
    PromptArgument,
    PublicAsset,
    ReportItemType,
    RestCall,
    Tool,
    hookimpl,
)
from octoperf_mcp_delivery import items, links, rest, rules, tools
from octoperf_mcp_delivery.probing import PORT
from octoperf_mcp_delivery.settings import DeliverySettings

octoperf_mcp_api = ">=1.0,<2"


@hookimpl
def register_config() -> Iterable[ConfigSection]:
    """`[delivery]`."""
    return (ConfigSection("delivery", DeliverySettings),)


@hookimpl
def register_commands() -> Iterable[Command]:
    """`octoperf-mcp delivery`."""
    return (
        Command(
            "octoperf_mcp_delivery.command",
            "judge a pipeline by the verdict over a run",
            "octoperf-mcp delivery verdict.json --enable delivery --junit junit.xml",
            name="delivery",
        ),
    )


@hookimpl
def register_rest_calls() -> Iterable[RestCall]:
    """Those of the platform, and the webhook."""
    return (rest.GET_RUN, rest.LIST_RUNS, rest.SUMMARY, rest.TABLE, rest.KEEP, rest.SAY)


@hookimpl
def register_deep_links() -> Iterable[DeepLink]:
    """Pages of runs."""
    return (links.REPORT, links.REPORTS, links.BENCH_RESULT)


@hookimpl
def register_tools() -> Iterable[Tool]:
    """Reading, writing out, telling."""
    return (
        tools.delivery_judge_run,
        tools.delivery_judge_runs,
        tools.delivery_write_junit,
        tools.delivery_write_markdown,
        tools.delivery_tell_team,
        tools.delivery_keep_verdict,
    )


@hookimpl
def register_report_item_types() -> Iterable[ReportItemType]:
    """The verdict in a report."""
    return (items.VERDICT,)


@hookimpl
def register_action_types() -> Iterable[ActionType]:
    """Is the target deployed: an action of a virtual user."""
    return (PORT,)


@hookimpl
def register_prompts() -> Iterable[Prompt]:
    """What a team asks for after each run."""
    return (
        Prompt(
            "delivery-close-run",
            "Close a run",
            "Judge a run, explain what failed and tell the team.",
            (PromptArgument("benchResultId", "The run.", required=True),),
            render=lambda values: (
                f"Judge the run {values['benchResultId']} with delivery_judge_run. If it failed, "
                "read the errors of its report and name the cause in one sentence. Then tell the "
                "team with delivery_tell_team, with that sentence as the note."
            ),
            tools=("delivery_judge_run", "delivery_tell_team"),
        ),
    )


@hookimpl
def register_public_assets() -> Iterable[PublicAsset]:
    """The skill."""
    return (
        PublicAsset(
            "skills/delivery-handover.md",
            "text/markdown; charset=utf-8",
            (files("octoperf_mcp_delivery") / "handover.md").read_bytes(),
            resource_uri="octoperf://skills/delivery-handover",
            title="Hand a run over",
            description="How to hand the result of a load test to a pipeline and to a team.",
        ),
    )


@hookimpl
def register_before_tool_call() -> Iterable[BeforeToolCall]:
    """No messages while the team wants none."""
    return (BeforeToolCall(rules.refuse_while_quiet),)


@hookimpl
def register_after_tool_call() -> Iterable[AfterToolCall]:
    """How messages ended."""
    return (AfterToolCall(rules.remember),)


@hookimpl
def register_health_checks() -> Iterable[HealthCheck]:
    """Not ready once the chat refused too many messages in a row, where the operator says so."""
    return (HealthCheck("delivery", rules.trouble),)
