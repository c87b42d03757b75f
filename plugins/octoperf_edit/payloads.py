"""What the tools of editing answer."""

from typing import Any, Literal

from octoperf_mcp import AppliedOperation, Listing, TaskStatus, payload


@payload
class VirtualUserListing(Listing):
    """A virtual user without its tree; dates are epoch milliseconds."""

    type: str | None = None
    revision: int | None = None


@payload
class OutlineRow:
    """One action: where it is, what it is, how large it is with all below it."""

    pointer: str
    id: str
    type: str
    name: str
    request: str | None = None
    enabled: bool
    children: int
    size_bytes: int


@payload
class VirtualUserView:
    """A virtual user, or a part of it; pointers are those of patch_virtual_user."""

    view: Literal["full", "outline"]
    revision: int | None = None
    virtual_user: dict[str, Any]
    pointer: str
    action: dict[str, Any] | None = None
    outline: list[OutlineRow] | None = None
    total: int | None = None
    next_cursor: str | None = None
    action_count: int
    size_bytes: int
    next: str | None = None
    url: str


@payload
class PatchedVirtualUser(VirtualUserListing):
    """The virtual user after the patch, or as it would be after a dry run."""

    summary: str
    diff: list[str]
    dry_run: bool
    applied: list[AppliedOperation]
    warnings: list[str]


@payload
class RevisionRow:
    """One revision: when (epoch ms) and by whom it was made, and what it changed."""

    revision: int
    at: int | None = None
    by: str | None = None
    summary: str


@payload
class RevisionList:
    """Revisions of a document; `diff` is that of the one asked for."""

    name: str
    revisions: list[RevisionRow]
    total: int
    next_cursor: str | None = None
    diff: list[str] | None = None
    url: str


@payload
class Undone:
    """The document after an undo: its new revision, and what that changed."""

    id: str
    name: str
    revision: int | None = None
    summary: str
    diff: list[str]
    next: str
    url: str


@payload
class HttpServerRow:
    """One server; time-outs of 0 mean none."""

    id: str
    name: str
    base_url: str
    connect_timeout_ms: int | None = None
    response_timeout_ms: int | None = None
    ip_spoofing: bool | None = None
    keep_alive: bool | None = None
    resources_pool: int | None = None
    authorization_count: int
    revision: int | None = None
    url: str


@payload
class HttpServerList:
    """HTTP servers of a project."""

    http_servers: list[HttpServerRow]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class CorrelationRuleRow:
    """One rule: what it extracts and where it puts the value back."""

    id: str
    name: str
    description: str
    enabled: bool
    extractor: dict[str, Any]
    injection_rules: list[dict[str, Any]]
    url: str


@payload
class CorrelationRuleList:
    """Correlation rules of a project."""

    correlation_rules: list[CorrelationRuleRow]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class StartedTask:
    """Work that goes on, whose end get_task_result tells, or that was followed to its end."""

    task_id: str
    status: TaskStatus
    message: str | None = None
    next: str
    url: str


@payload
class UsedBy:
    """What refers to something."""

    id: str
    name: str
    url: str


@payload
class VariableRow:
    """A variable; `references` is how texts read it. The value of a secret stays out."""

    id: str
    name: str
    description: str
    references: list[str]
    variable: dict[str, Any]
    warnings: list[str] | None = None
    url: str


@payload
class PatchedVariable(VariableRow):
    """The variable after the patch, or as it would be after a dry run."""

    revision: int | None = None
    summary: str
    diff: list[str]
    dry_run: bool
    applied: list[AppliedOperation]


@payload
class UsedVariableRow(VariableRow):
    """A variable with the virtual users that refer to it; absent where that is not known."""

    used_by: list[UsedBy] | None = None


@payload
class VariableList:
    """Variables of a project."""

    variables: list[UsedVariableRow]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class Deleted:
    """What was deleted, and what referred to it; `url` is the list that it was in."""

    id: str
    name: str
    used_by: list[UsedBy] | None = None
    next: str
    url: str


@payload
class HttpServerUser(UsedBy):
    """A virtual user and the number of its requests that point at a server."""

    requests: int


@payload
class HttpServerUsages:
    """Who uses a server: what its deletion takes along."""

    id: str
    base_url: str
    used_by: list[HttpServerUser]
    total: int
    next_cursor: str | None = None
    requests: int
    next: str
    url: str


@payload
class DeletedHttpServer:
    """What went; requests are those that pointed at the server."""

    id: str
    base_url: str
    used_by: list[HttpServerUser]
    deleted_requests: int
    url: str


@payload
class DeletedHttpServers:
    """The unused servers, which are gone, and the number of those that stay."""

    deleted: list[str]
    total: int
    kept: int
    url: str


@payload
class ProjectFileRow:
    """A file; size and date are absent where the platform does not tell them."""

    name: str
    size_bytes: int | None = None
    last_modified: int | None = None
    url: str


@payload
class ProjectFileList:
    """Files of a project."""

    files: list[ProjectFileRow]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class ProjectFileLines:
    """Lines `fromLine` to before `toLine`, from 0."""

    filename: str
    from_line: int
    to_line: int
    lines: list[str]
    next_from_line: int | None = None
    url: str


@payload
class PatchedCorrelationRule(CorrelationRuleRow):
    """The rule after the patch, or as it would be after a dry run."""

    revision: int | None = None
    summary: str
    diff: list[str]
    dry_run: bool
    applied: list[AppliedOperation]
    warnings: list[str]


@payload
class FrameworkRow:
    """A preset and the names of its rules."""

    id: str
    name: str
    description: str
    rules: list[str]


@payload
class FrameworkList:
    """Presets of correlation rules."""

    correlation_frameworks: list[FrameworkRow]
    total: int
    next_cursor: str | None = None
    url: str


@payload
class CreatedRule:
    """A rule by its name; list_correlation_rules has the rest."""

    id: str
    name: str
    url: str


@payload
class AddedFramework:
    """The rules that were created; those that the project had already are not among them."""

    correlation_rules: list[CreatedRule]
    total: int
    next: str
    url: str


@payload
class CorrelationProposal:
    """A rule with what speaks for it; `patch`, if asked for and not too long, plants it alone."""

    name: str
    confidence: float
    reasons: list[str]
    source: dict[str, Any]
    uses: list[dict[str, Any]]
    extractor: dict[str, Any]
    injection_targets: list[str]
    patch: list[dict[str, Any]] | None = None


@payload
class PlantedCorrelations:
    """What was planted, as one edit."""

    virtual_user_id: str
    planted: list[str]
    revision: int | None = None
    diff: list[str]
    next: str
    url: str


@payload
class CorrelationProposals:
    """The most certain first; confidence from 0 to 1."""

    proposals: list[CorrelationProposal]
    total: int
    next: str
    url: str
