"""Tasks over REST."""

import asyncio
from typing import Any

from octoperf_mcp.embedded.platform import Platform


async def test_a_task_answers_its_bare_id_then_nothing_then_its_result(
    ada: Any, eve: Any, platform: Platform
) -> None:
    """As the Maven plugin and the PDF script poll."""
    go_on = asyncio.Event()

    async def work(body: dict[str, Any], user_id: str) -> dict[str, Any]:
        await go_on.wait()
        return {"@type": "EchoTaskResult", "text": body["text"], "user": user_id}

    platform.tasks.handle("EchoTask", work)
    answer = await ada.call("POST", "/tasks", json={"@type": "EchoTask", "text": "hi"})
    assert (answer.status, answer.content_type) == (200, "text/plain")
    task_id = await answer.text()
    assert len(task_id) == 36
    pending = await ada.call("GET", f"/tasks/{task_id}/result")
    assert (pending.status, await pending.read()) == (200, b"")
    submitted = await ada.get(f"/tasks/{task_id}")
    assert submitted == {"@type": "EchoTask", "text": "hi", "id": task_id}
    await eve.get(f"/tasks/{task_id}", status=404)
    go_on.set()
    async with asyncio.timeout(5):
        await platform.tasks.settled(task_id)
    result = await ada.get(f"/tasks/{task_id}/result")
    assert result == {"@type": "EchoTaskResult", "text": "hi", "user": "ada"}
    await eve.get(f"/tasks/{task_id}/result", status=404)


async def test_an_unknown_task_is_refused_with_the_known_ones(ada: Any, platform: Platform) -> None:
    async def work(body: dict[str, Any], user_id: str) -> dict[str, Any]:
        return {}

    platform.tasks.handle("EchoTask", work)
    for body in ({"@type": "Sleep"}, {"@type": ["EchoTask"]}, {}):
        assert (await ada.post("/tasks", body, status=400))["allowed"] == ["EchoTask"]
