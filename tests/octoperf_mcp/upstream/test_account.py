"""What the bridge tells of a call: enough to know it again, no secret."""

import json

from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.upstream.account import digest, redacted


def test_ids_numbers_and_names_are_told_and_texts_are_not() -> None:
    arguments = {
        "projectId": "p1",
        "virtualUserIds": ["v1", "v2"],
        "name": "Checkout",
        "value": "hunter2",
        "userCount": 10,
        "dryRun": True,
        "patch": [{"op": "add", "path": "/x", "value": "hunter2"}],
        "options": {"password": "hunter2"},
        "nothing": None,
    }
    assert redacted(arguments) == {
        "projectId": "p1",
        "virtualUserIds": ["v1", "v2"],
        "name": "Checkout",
        "value": "[7 characters]",
        "userCount": 10,
        "dryRun": True,
        "patch": "[1 items]",
        "options": "[1 members]",
        "nothing": None,
    }


def test_a_digest_knows_the_same_arguments_again() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1})


@given(
    st.dictionaries(
        st.text(max_size=300),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=3000),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
        max_size=60,
    )
)
def test_whatever_is_given_the_account_stays_small(arguments: dict[str, object]) -> None:
    shown = json.dumps(redacted(arguments), ensure_ascii=False)
    assert len(shown) < 30 * (100 + 10 * 104 + 10)
