"""Correlation rules: what is extracted, and where it is put back."""

from typing import Annotated, Literal

from pydantic import Field

from octoperf_mcp.entities.base import (
    Description,
    Entity,
    Flag,
    InProject,
    Name,
    Stamp,
    Text,
    type_name,
)
from octoperf_mcp.entities.processors import Extractor


class InjectionRuleBase(Entity):
    """Where a captured value is replaced; `replacement` is the extractor's variable by default.

    `partial` replaces the value inside a longer text; without it only an exact match counts.
    """

    enabled: Flag = None
    replacement: Text = None
    partial: Flag = None


class NamedInjectionRule(InjectionRuleBase):
    """Rewrites a name or value in headers, query or form; no name means any."""

    kind: Literal[
        "HeaderNameInjectionRule",
        "HeaderValueInjectionRule",
        "QueryParamNameInjectionRule",
        "QueryParamValueInjectionRule",
        "PostParamNameInjectionRule",
        "PostParamValueInjectionRule",
    ] = type_name()
    name: Text = None


class PlaceInjectionRule(InjectionRuleBase):
    """Rewrites the path of the request, or its raw body."""

    kind: Literal["RequestPathInjectionRule", "PostBodyInjectionRule"] = type_name()


InjectionRule = Annotated[NamedInjectionRule | PlaceInjectionRule, Field(discriminator="kind")]


class CorrelationRule(InProject):
    """One extractor and the injection rules for what it captures."""

    name: Name
    description: Description = None
    enabled: Flag = None
    extractor: Extractor
    injection_rules: list[InjectionRule]
    created: Stamp = None
    last_modified: Stamp = None
