"""Scenarios: user profiles, load shapes, engine blocks."""

from typing import Annotated, Any, Literal

from pydantic import Field

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
from octoperf_mcp.entities.thinktime import Thinktime

Users = Annotated[int, Field(ge=1)]
ErrorHandling = Literal[
    "CONTINUE", "START_NEXT_ITERATION", "STOP_THREAD", "STOP_TEST", "STOP_TEST_NOW"
]


class PlateauLoad(Entity):
    """What three of the shapes share: milliseconds, and the users of the plateau."""

    delay_ms: Count
    ramp_up_ms: Count
    plateau_ms: Count
    plateau_vus: Users


class RampUpLoad(PlateauLoad):
    """A climb, then a plateau."""

    kind: Literal["UserProfileLoadRampUp"] = type_name()


class RampUpThenRampDownLoad(PlateauLoad):
    """A climb, a plateau, a descent."""

    kind: Literal["UserProfileLoadRampUpThenRampDown"] = type_name()
    ramp_down_ms: Count


class AscendingStairsLoad(PlateauLoad):
    """Step k of n holds k/n of the plateau; the whole climb lasts `ramp_up_ms`."""

    kind: Literal["UserProfileLoadAscendingStairs"] = type_name()
    step_count: Users
    ramp_down_ms: Count | None = None


class ThreadGroupPoint(Entity):
    """Users at a moment."""

    time_in_ms: Count
    threads_count: Count


class CustomLoad(Entity):
    """Straight lines between at least two points, the first at 0."""

    kind: Literal["UserProfileLoadCustom"] = type_name()
    points: Annotated[list[ThreadGroupPoint], Field(min_length=2)]


class ArrivalPoint(Entity):
    """Arrivals per minute at a moment."""

    time_in_ms: Count
    arrivals_per_minute: Annotated[float, Field(ge=0)]


class ArrivalsLoad(Entity):
    """Ours: iterations start at instants of their own, played by at most `max_vus` users."""

    kind: Literal["UserProfileLoadArrivals"] = type_name()
    points: Annotated[list[ArrivalPoint], Field(min_length=2)]
    max_vus: Users


Load = Annotated[
    RampUpLoad | RampUpThenRampDownLoad | AscendingStairsLoad | CustomLoad | ArrivalsLoad,
    Field(discriminator="kind"),
]


class Pacing(Entity):
    """Shortest time of an iteration."""

    min: Annotated[float, Field(ge=0)]
    max: Annotated[float, Field(ge=0)]
    unit: Literal["MILLISECONDS", "SECONDS", "MINUTES"]


class ThinkTimePolicy(Entity):
    """What overrides all think times, and the pacing."""

    thinktime: Thinktime | None = None
    pacing: Pacing | None = None


class ExternalLiveReporting(Entity):
    """Listeners that receive the samples live."""

    kind: Literal["JmeterExternalLiveReportingSettings"] = type_name()
    listeners: list[dict[str, Any]] | None = None
    queue_size: Count | None = None


class SetUpTearDown(Entity):
    """A virtual user before or after the load; -1 threads: as many as the main one."""

    virtual_user_id: str
    scope: Literal["GLOBAL", "LOCAL"] | None = None
    on_sample_error: ErrorHandling | None = None
    number_of_threads: Annotated[int, Field(ge=-1)] | None = None
    rampup_period_sec: Count | None = None
    same_user_on_each_iteration: Flag = None
    loop_count: Annotated[int, Field(ge=-1)] | None = None
    pacing: Pacing | None = None


class EngineSettings(Entity):
    """Policies that all engines share."""

    error_handling: ErrorHandling
    think_time: ThinkTimePolicy | None = None
    external_live_reporting: ExternalLiveReporting | None = None
    set_up: SetUpTearDown | None = None
    tear_down: SetUpTearDown | None = None
    iterations: Count | None = None


class Bandwidth(Entity):
    """Bits per second of each user, 0 for no limit."""

    name: str
    bits_per_second: Count


class BrowserCache(Entity):
    """The cache that a user emulates."""

    cache_size: Count
    clear_cache_on_each_iteration: Flag = None
    use_cache_control_headers: Flag = None


class BrowserCookies(Entity):
    """What a user does with cookies."""

    clear_on_each_iteration: Flag = None
    policy: str


class Browser(Entity):
    """The browser that a user emulates; nulls leave what the virtual user says."""

    name: str
    user_agent: Text = None
    cache: BrowserCache
    cookies: BrowserCookies
    download_resources: Flag = None
    keep_alive: Flag = None


class Dns(Entity):
    """Name resolution."""

    clear_each_iteration: Flag = None
    servers: list[str] | None = None
    static_hosts: dict[str, str] | None = None


class Jtl(Entity):
    """Which samples go to the JTL file, and which columns."""

    type: Literal["ALL", "ERRORS", "NONE"]
    settings: list[str] | None = None


class Properties(Entity):
    """Properties by name."""

    map: dict[str, str]


class JmeterEngine(Entity):
    """For a virtual user of type JMETER."""

    kind: Literal["JmeterUserProfileEngine"] = type_name()
    settings: EngineSettings
    bandwidth: Bandwidth
    browser: Browser
    dns: Dns
    jtl: Jtl
    properties: Properties


class SeleniumEngine(Entity):
    """For a virtual user of type WEB_DRIVER."""

    kind: Literal["SeleniumUserProfileEngine"] = type_name()
    settings: EngineSettings
    bandwidth: Bandwidth


class PlaywrightEngine(Entity):
    """For a virtual user of type PLAYWRIGHT."""

    kind: Literal["PlaywrightUserProfileEngine"] = type_name()
    settings: EngineSettings
    device: Text = None
    timeout_ms: Count
    base_url: Annotated[Text, Field(alias="baseURL")] = None
    slow_mo_ms: Count


Engine = Annotated[JmeterEngine | SeleniumEngine | PlaywrightEngine, Field(discriminator="kind")]


class Memory(Entity):
    """Memory of one user in MB; null takes the provider's."""

    vu_mb: Annotated[float, Field(gt=0)] | None = None


class UserProfile(Entity):
    """Who plays what, from where, how many, and how; `location` is a region of the provider."""

    id: Text = None
    name: Text = None
    virtual_user_id: str
    provider_id: str
    location: str
    load: Load
    memory: Memory | None = None
    engine: Engine


class Scenario(InProject):
    """The document."""

    name: Name
    description: Description = None
    mode: str
    user_profiles: list[UserProfile]
    tags: Tags = None
    created: Stamp = None
    last_modified: Stamp = None
