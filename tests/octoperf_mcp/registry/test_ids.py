import pytest

from octoperf_mcp import known_id
from octoperf_mcp.errors import ForbiddenError, NotFoundError


def test_an_unknown_id_names_the_argument_and_the_tool_that_lists_the_right_ones() -> None:
    with pytest.raises(NotFoundError) as caught, known_id("projectId", "p9", listed_by="list_x"):
        raise NotFoundError("404", status=404, endpoint="GET /design/projects/{id}")
    error = caught.value
    assert "projectId 'p9'" in error.message
    assert error.next_step == "Take projectId from list_x."
    assert error.details == {"field": "projectId", "got": "p9", "status": 404}
    assert error.endpoint == "GET /design/projects/{id}"


def test_other_failures_pass_as_they_are() -> None:
    refusal = ForbiddenError("403", status=403)
    with pytest.raises(ForbiddenError) as caught, known_id("projectId", "p9", listed_by="list_x"):
        raise refusal
    assert caught.value is refusal
