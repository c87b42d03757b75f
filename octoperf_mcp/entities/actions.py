"""The virtual user: its action tree."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from octoperf_mcp.entities.base import (
    Count,
    Description,
    Entity,
    Flag,
    InProject,
    Name,
    Stamp,
    Tags,
    Text,
    type_name,
)
from octoperf_mcp.entities.processors import (
    ActionBase,
    CssVariableExtractor,
    GenericAction,
    JMESPathVariableExtractor,
    JsonAssertion,
    JsonPathVariableExtractor,
    JSR223Action,
    RegexpVariableExtractor,
    ResponseAssertion,
    XPath1VariableExtractor,
    XPath2VariableExtractor,
)
from octoperf_mcp.entities.thinktime import Thinktime

VirtualUserType = Literal["JMETER", "WEB_DRIVER", "PLAYWRIGHT", "FRAGMENTS"]


class QueryParameter(Entity):
    """One parameter of the query string."""

    name: str
    value: Text = None
    equals: Flag = None
    encode: Flag = None


class HttpHeader(Entity):
    """One header of a request."""

    name: str
    value: str


class PostParameter(Entity):
    """One field of a form."""

    name: str
    value: Text = None
    encode: Flag = None


class MultipartPart(Entity):
    """One part of a multipart body: a value, or a project file without path."""

    name: str
    value: Text = None
    filename: Text = None
    content_type: Text = None


class FormPostData(Entity):
    """A form, URL-encoded."""

    kind: Literal["FormPostData"] = type_name()
    parameters: list[PostParameter]


class MultipartPostData(Entity):
    """A multipart body; the engine makes the boundary."""

    kind: Literal["MultipartPostData"] = type_name()
    parts: list[MultipartPart]


class RawPostData(Entity):
    """A text body; the content type travels as a header."""

    kind: Literal["RawPostData"] = type_name()
    body: str
    content_type: Text = None


class FilePostData(Entity):
    """A project file as body."""

    kind: Literal["FilePostData"] = type_name()
    filename: str
    content_type: Text = None


PostData = Annotated[
    FormPostData | MultipartPostData | RawPostData | FilePostData, Field(discriminator="kind")
]


class Container(ActionBase):
    """An action with actions below it, played top to bottom."""

    children: "list[Action] | None" = None


class HttpRequestAction(Container):
    """One HTTP request to a server of the project; `/` is put before the path if missing."""

    kind: Literal["HttpRequestAction"] = type_name()
    server_id: str
    method: Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
    path: str
    parameters: list[QueryParameter] | None = None
    headers: list[HttpHeader] | None = None
    post_data: PostData | None = None
    content_encoding: Text = None
    follow_redirects: Flag = None
    download_resources: Flag = None
    thinktime: Thinktime | None = None
    recorded_request: dict[str, Any] | None = None
    recorded_response: dict[str, Any] | None = None


class ContainerAction(Container):
    """A group; its row is the sum of its children."""

    kind: Literal["ContainerAction"] = type_name()
    generate_sample: Flag = None


class LoopContainerAction(Container):
    """Repeats its children, for ever with -1; `countExpression` wins where it is given."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["count"]}, {"required": ["countExpression"]}]}
    )
    kind: Literal["LoopContainerAction"] = type_name()
    count: Annotated[int, Field(ge=-1)] | None = None
    count_expression: Text = None


class IfContainerAction(Container):
    """Plays its children when the condition is true."""

    kind: Literal["IfContainerAction"] = type_name()
    condition: str
    use_expression: Flag = None
    evaluate_all: Flag = None


class WhileContainerAction(Container):
    """Plays its children until the rendered condition is `false`."""

    kind: Literal["WhileContainerAction"] = type_name()
    condition: Text = None


class ForEachContainerAction(Container):
    """Plays its children for `input_1`, `input_2` … while they exist."""

    kind: Literal["ForEachContainerAction"] = type_name()
    input_variable: str
    output_variable: str
    start_index: Count | None = None
    end_index: Count | None = None
    use_separator: Flag = None


class RandomContainerAction(Container):
    """Plays one child, drawn evenly."""

    kind: Literal["RandomContainerAction"] = type_name()


class FlowControlContainerAction(Container):
    """Plays its children a share of the time, or a number of iterations."""

    kind: Literal["FlowControlContainerAction", "ThroughputContainerAction"] = type_name()
    mode: Literal["PERCENT", "ITERATIONS"] | None = None
    value: float | None = None
    per_user: Flag = None


class GenericContainerAction(GenericAction, Container):
    """A kept JMeter element with what stands below it."""


class ThinktimeAction(ActionBase):
    """A pause."""

    kind: Literal["ThinktimeAction", "DelayAction"] = type_name()
    thinktime: Thinktime | None = None


class DebugAction(ActionBase):
    """Dumps variables and properties as a row; it has no name."""

    kind: Literal["DebugAction"] = type_name()
    variables_displayed: Flag = None
    properties_displayed: Flag = None
    system_properties_displayed: Flag = None


class RendezVousAction(ActionBase):
    """Holds users until a share of them has come, or the time is over."""

    kind: Literal["RendezVousAction"] = type_name()
    rendez_vous_name: str
    users_percent: float | None = None
    timeout_ms: Count | None = None
    scope: Literal["GLOBAL", "LOCAL"] | None = None


class PutQueueAction(ActionBase):
    """Puts a value into a queue that users share."""

    kind: Literal["PutQueueAction"] = type_name()
    queue_name: str
    value: str


class PollQueueAction(ActionBase):
    """Takes a value from a queue into a variable."""

    kind: Literal["PollQueueAction"] = type_name()
    queue_name: str
    variable: str
    timeout_ms: Count | None = None


class LinkAction(ActionBase):
    """Plays the tree of a fragment or virtual user in the same user."""

    kind: Literal["LinkAction", "FragmentAction"] = type_name()
    virtual_user_id: str


class SLAProfileAction(ActionBase):
    """Declares which SLA bands apply to the place where it sits."""

    kind: Literal["SLAProfileAction"] = type_name()
    profile_id: str


class SetPropertyAction(ActionBase):
    """Sets a property at run time."""

    kind: Literal["SetPropertyAction"] = type_name()
    property_name: str
    value: Text = None


class PlaywrightSpecAction(ActionBase):
    """A Playwright source file."""

    kind: Literal["PlaywrightSpecAction"] = type_name()
    filename: str
    content: str


class WebDriverAction(ActionBase):
    """A step of the Selenium kind, kept as it is; imported lists open an address each."""

    kind: Literal["WebDriverAction", "SeleniumAction"] = type_name()
    url: Text = None


Action = Annotated[
    HttpRequestAction
    | ContainerAction
    | LoopContainerAction
    | IfContainerAction
    | WhileContainerAction
    | ForEachContainerAction
    | RandomContainerAction
    | FlowControlContainerAction
    | ThinktimeAction
    | JSR223Action
    | DebugAction
    | RendezVousAction
    | PutQueueAction
    | PollQueueAction
    | LinkAction
    | SLAProfileAction
    | SetPropertyAction
    | PlaywrightSpecAction
    | WebDriverAction
    | RegexpVariableExtractor
    | JsonPathVariableExtractor
    | JMESPathVariableExtractor
    | XPath1VariableExtractor
    | XPath2VariableExtractor
    | CssVariableExtractor
    | ResponseAssertion
    | JsonAssertion
    | GenericContainerAction,
    Field(discriminator="kind"),
]
"""Any action of the tree, by `@type`; aliases are accepted beside the canonical name."""


class VirtualUser(InProject):
    """The document: a root of its own type with the action tree below it."""

    kind: Literal["VirtualUser"] = type_name()
    name: Name
    description: Description = None
    type: VirtualUserType
    children: list[Action]
    tags: Tags = None
    created: Stamp = None
    last_modified: Stamp = None
