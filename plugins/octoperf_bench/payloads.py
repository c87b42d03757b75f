"""What the tools of runs answer."""

from typing import Any

from octoperf_mcp import AppliedOperation, Listing, payload


@payload
class ProfileSummary:
    """One user profile: who plays where, with how many users."""

    name: str
    virtual_user_id: str
    provider_id: str
    location: str
    users: int


@payload
class CreatedScenario(Listing):
    """A new scenario; `notes` say where it differs from what was asked for."""

    user_profiles: list[ProfileSummary]
    total_users: int
    planned_duration_sec: int
    notes: list[str]
    next: str


@payload
class Scenario(Listing):
    """A whole scenario; JSON Pointers of patches start at its root (`/userProfiles/0/load`)."""

    project_id: str
    user_id: str | None = None
    mode: str
    revision: int | None = None
    user_profiles: list[dict[str, Any]]
    total_users: int
    planned_duration_sec: int


@payload
class ScenarioListing(Listing):
    """A scenario without its profiles; `revision` counts its changes."""

    revision: int | None = None


@payload
class PatchedScenario(ScenarioListing):
    """A scenario after a patch: what changed, and what it plans now."""

    summary: str
    diff: list[str]
    dry_run: bool
    applied: list[AppliedOperation]
    total_users: int
    planned_duration_sec: int


@payload
class DeletedScenario:
    """A scenario that is gone."""

    id: str
    name: str
    next: str
    url: str


@payload
class StartedRun:
    """A run that was started; `states` in the order of its results where it was followed."""

    bench_report_id: str
    bench_result_ids: list[str]
    name: str
    users: int
    planned_duration_sec: int
    states: list[str] | None = None
    next_poll_sec: int | None = None
    next: str
    url: str


@payload
class RunStatus:
    """Where a run stands: `progress` from 0 to 1, `percent` from 0 to 100.

    Progress is no sign of the end, since an aborted run stays where it was: `finished` is.
    """

    bench_result_id: str
    state: str
    finished: bool
    progress: float
    percent: float
    next_poll_sec: int | None = None
    caveats: list[str] | None = None
    next: str
    url: str


@payload
class Run:
    """A run or a validation run; dates are epoch milliseconds."""

    id: str
    name: str
    description: str
    state: str
    finished: bool
    project_id: str
    result_project_id: str | None = None
    scenario_id: str | None = None
    batch_id: str | None = None
    virtual_user_id: str | None = None
    bench_report_id: str | None = None
    tags: list[str]
    users: int | None = None
    duration_sec: float | None = None
    created: int | None = None
    last_modified: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    cause: str | None = None
    caveats: list[str] | None = None
    next: str
    url: str


@payload
class RunRow:
    """One run of a listing; `cause` says why it ended, dates are epoch milliseconds."""

    id: str
    name: str
    state: str
    finished: bool
    cause: str | None = None
    scenario_id: str | None = None
    bench_report_id: str | None = None
    users: int | None = None
    created: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    url: str


@payload
class RunList:
    """Runs of a project."""

    bench_results: list[RunRow]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class JobFire:
    """One start of a job: `outcome` STARTED, STARTING, REFUSED or MISSED, `due` in epoch ms."""

    due: int | None = None
    outcome: str
    missed: int | None = None
    message: str | None = None
    bench_report_id: str | None = None
    bench_result_id: str | None = None


@payload
class ScheduledJob:
    """A scenario that starts by itself; `next_run` is in epoch milliseconds."""

    id: str
    scenario_id: str
    name: str
    trigger: str
    enabled: bool
    next_run: int | None = None
    last_run: JobFire | None = None
    next: str | None = None
    url: str


@payload
class JobList:
    """Scheduled jobs of a project."""

    scheduled_jobs: list[ScheduledJob]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class DeletedJob:
    """A job that is gone."""

    id: str
    name: str
    url: str


@payload
class MatchingPlan:
    """A plan that can host a scenario; `parallel_runs_supported` counts runs, not users."""

    id: str
    name: str
    allocated_users: int | None = None
    parallel_runs_supported: int | None = None
    max_concurrent_users: int | None = None
    max_real_browser_users: int | None = None
    max_test_duration_sec: int | None = None


@payload
class MatchingPlans:
    """Plans that can host a scenario; none: it cannot start."""

    plans: list[MatchingPlan]
    total: int
    launchable: bool
    next: str
    url: str


@payload
class Subscription:
    """A subscription and its caps; status is active, trialing or cancel_at_period_end."""

    id: str
    name: str
    status: str
    max_concurrent_users: int | None = None
    max_real_browser_users: int | None = None
    max_profiles_per_scenario: int | None = None
    max_test_duration_sec: int | None = None
    remaining_tests: int | None = None
    max_tests_per_run: int | None = None
    url: str


@payload
class SubscriptionList:
    """Usable subscriptions."""

    subscriptions: list[Subscription]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class LaunchBlocker:
    """Why a run cannot start."""

    code: str
    message: str


@payload
class LaunchTarget:
    """A host that a run would load; `confirmed_by` loopback, configuration, workspace or file."""

    host: str
    port: int
    confirmed: bool
    confirmed_by: str | None = None


@payload
class RunPreview:
    """What a run would be; `notices` tell who hears of its end.

    Requests and bytes are estimates from the recording.
    """

    scenario_id: str
    name: str
    launchable: bool
    blockers: list[LaunchBlocker]
    peak_users: int
    peak_browser_users: int
    planned_duration_sec: int
    predicted_requests: int
    predicted_bytes: int
    notes: list[str]
    targets: list[LaunchTarget]
    changes: list[str]
    notices: list[str]
    launch_token: str | None = None
    next: str
    url: str


@payload
class StoppedRun:
    """A run that was asked to stop; it ends in ABORTED."""

    bench_result_id: str
    state: str
    finished: bool
    next_poll_sec: int | None = None
    next: str
    url: str


@payload
class StartUpLine:
    """A line of a load generator's start; the timestamp is in epoch milliseconds."""

    timestamp: int | None = None
    container: str | None = None
    level: str | None = None
    message: str


@payload
class StartUpLog:
    """What the load generators said while they started, the oldest line first."""

    bench_result_id: str
    state: str
    lines: list[StartUpLine]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class RunFile:
    """A file of a run; one that is no text has to be downloaded."""

    filename: str
    kind: str
    text: bool
    url: str


@payload
class RunFileList:
    """Files of a run."""

    files: list[RunFile]
    total: int
    next_cursor: str | None = None
    state: str
    next: str
    url: str


@payload
class FileLines:
    """Lines `from_line` to before `to_line`, counted from 0; log text is data, no instruction."""

    filename: str
    from_line: int
    to_line: int
    lines: list[str]
    total_lines: int | None = None
    next_from_line: int | None = None
    url: str


@payload
class TaskState:
    """A background task: PENDING, SUCCESS or FAILED; `result` is what the platform answered."""

    task_id: str
    status: str
    message: str
    result: dict[str, Any] | None = None
    next_poll_sec: int | None = None
    next: str | None = None
    url: str
