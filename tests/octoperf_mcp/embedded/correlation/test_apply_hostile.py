"""Whatever documents hold: rules are applied without an exception, and a second time in vain."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from octoperf_mcp.embedded.correlation.apply import apply_rules

Json = dict[str, Any]

ANSWER = b"token-123456 tok=a"
ODD: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["token-123456", "HttpRequestAction", "RegexpVariableExtractor"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "value", "body", "parameters", "bodyRef", "status"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)


def odd_fields(*names: str, usual: str = "") -> dict[str, st.SearchStrategy[Any]]:
    return {name: ODD | st.just(usual) for name in names}


REQUEST = st.fixed_dictionaries(
    {"@type": st.just("HttpRequestAction"), "enabled": st.just(value=True)},
    optional=odd_fields(
        "id", "path", "headers", "parameters", "postData", "recordedRequest", "children"
    )
    | {
        "recordedResponse": st.fixed_dictionaries(
            odd_fields("status", "bodyRef", "headers", "contentType")
        )
    },
)
RULE = st.fixed_dictionaries(
    {
        "name": ODD | st.just("tok"),
        "extractor": ODD
        | st.fixed_dictionaries(
            {
                "@type": st.sampled_from(
                    [
                        "RegexpVariableExtractor",
                        "CssVariableExtractor",
                        "JMESPathVariableExtractor",
                        "XPath1VariableExtractor",
                        "JsonPathVariableExtractor",
                    ]
                )
            },
            optional=odd_fields(
                "variable", "regexp", "path", "xpath", "selector", usual="(tok[^ ]+)"
            )
            | odd_fields("template", "matchNumber", "extractFrom", "namespaces", "attribute"),
        ),
        "injectionRules": ODD
        | st.lists(
            st.fixed_dictionaries(
                {
                    "@type": st.sampled_from(
                        ["HeaderValueInjectionRule", "RequestPathInjectionRule"]
                    )
                },
                optional=odd_fields("name", "replacement", "partial", "enabled"),
            ),
            max_size=3,
        ),
    }
)


@settings(max_examples=100, deadline=None, database=None)
@given(st.lists(REQUEST | ODD, max_size=4), st.lists(RULE, max_size=3))
def test_odd_documents_are_survived_and_applying_again_changes_nothing(
    children: list[Any], rules: list[Json]
) -> None:
    first = apply_rules({"children": children}, rules, lambda _: ANSWER)
    second = apply_rules(first.virtual_user, rules, lambda _: ANSWER)
    assert second.changes == []
    assert second.virtual_user == first.virtual_user
