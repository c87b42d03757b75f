"""Every type that the platform's documents are known to hold has a model and a schema branch."""

import pytest

from octoperf_mcp.entities.schemas import schema

TYPES = {
    "vu": """
        VirtualUser ContainerAction LoopContainerAction IfContainerAction WhileContainerAction
        ForEachContainerAction RandomContainerAction FlowControlContainerAction HttpRequestAction
        ThinktimeAction JSR223Action DebugAction RendezVousAction PutQueueAction PollQueueAction
        LinkAction SLAProfileAction SetPropertyAction PlaywrightSpecAction WebDriverAction
        RegexpVariableExtractor JsonPathVariableExtractor JMESPathVariableExtractor
        XPath1VariableExtractor XPath2VariableExtractor CssVariableExtractor ResponseAssertion
        JsonAssertion JSR223PreProcessor JSR223PostProcessor GenericAction
        FormPostData MultipartPostData RawPostData FilePostData
        ThinktimeConstant ThinktimeRange ThinktimeText ThinktimeGaussian ThroughputThinktime""",
    "variables": """
        ConstantVariable SecretVariable CSVVariable CounterVariable RandomVariable ListVariable""",
    "correlation-rules": """
        RegexpVariableExtractor JsonPathVariableExtractor JMESPathVariableExtractor
        XPath1VariableExtractor XPath2VariableExtractor CssVariableExtractor
        HeaderNameInjectionRule HeaderValueInjectionRule QueryParamNameInjectionRule
        QueryParamValueInjectionRule PostParamNameInjectionRule PostParamValueInjectionRule
        RequestPathInjectionRule PostBodyInjectionRule""",
    "injection-rules": """
        HeaderNameInjectionRule HeaderValueInjectionRule QueryParamNameInjectionRule
        QueryParamValueInjectionRule PostParamNameInjectionRule PostParamValueInjectionRule
        RequestPathInjectionRule PostBodyInjectionRule""",
    "scenario": """
        UserProfileLoadRampUp UserProfileLoadRampUpThenRampDown UserProfileLoadAscendingStairs
        UserProfileLoadCustom UserProfileLoadArrivals JmeterUserProfileEngine SeleniumUserProfileEngine
        PlaywrightUserProfileEngine JmeterExternalLiveReportingSettings
        ThinktimeConstant ThinktimeRange ThinktimeText ThinktimeGaussian ThroughputThinktime""",
    "bench-report": """
        SummaryReportItem BarChartReportItem StatisticTableReportItem StatisticTreeReportItem
        TopReportItem PieChartReportItem LineChartReportItem PercentilesChartReportItem
        StackedChartReportItem AreaRangeChartReportItem InsightsReportItem ErrorsReportItem
        ThresholdAlarmReportItem TextualMonitorReportItem MonitorsTableReportItem
        LoadGeneratorsChartReportItem LoadGeneratorsTreeReportItem TextReportItem
        SynopsisReportItem TrendConfigReportItem MonitoringAlarmsReportItem
        SingleTermFilter MultiTermFilter TrendReportNameSelector TrendReportTagsSelector
        TrendReportCreationDateSelector ApdexReportConfig TrendReportConfig
        ComparisonReportConfig SingleColorReportConfig ExportReportConfig InsightsReportConfig""",
}
"""OctoPerf's own guide and skills, its public clients, and our names where those say none."""


def tags(node: object) -> list[str]:
    """All constants of `@type` below a node of a schema."""
    if isinstance(node, list):
        return [tag for item in node for tag in tags(item)]
    if not isinstance(node, dict):
        return []
    own = node.get("properties", {}).get("@type", {}).get("const")
    return [*([own] if own else []), *(tag for item in node.values() for tag in tags(item))]


@pytest.mark.parametrize("name", TYPES)
def test_each_schema_has_one_branch_for_each_type_and_no_other(name: str) -> None:
    found = tags(schema(name))
    assert len(found) == len(set(found))
    assert set(found) == set(TYPES[name].split())
