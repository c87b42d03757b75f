"""What pages say of the notices of ended runs."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from octoperf_mcp.embedded.engine.runs.notices import NOBODY
from octoperf_mcp.embedded.engine.runs.outbox import FAILED, PENDING, SENT, Notice
from octoperf_mcp.embedded.ui.notices import HERE, _said
from tests.octoperf_mcp.embedded.ui.test_people import World, world

__all__ = ["world"]


async def owed(world: World, run_id: str) -> Notice:
    outbox = world.platform.notices.outbox

    async def work(writer: AsyncConnection) -> None:
        await outbox.owe(writer, run_id, [("acme", "ops")])

    await world.platform.database.write(work)
    (found,) = await outbox.hold(("acme", "ops"), 1, 60_000)
    return found


async def test_an_administrator_sees_what_was_not_told_and_sends_it_again(world: World) -> None:
    person, outbox = await world.person("demo"), world.platform.notices.outbox
    assert "Nothing is pending" in await person.get(HERE)
    assert NOBODY in await person.get(HERE)
    await outbox.failed(await owed(world, "run-1"), "h.example <b> answers 404.")
    shown = await person.get(HERE)
    assert "h.example &lt;b&gt; answers 404." in shown
    assert "given up" in shown
    told = await person.send(HERE, page=HERE)
    assert "is sent again" in told
    (found,) = await outbox.of_runs(["run-1"])
    assert (found.state, found.attempts) == (PENDING, 0)
    assert "Send again" not in await person.get(HERE)


async def test_others_do_not_see_it(world: World) -> None:
    eve = await world.person("eve")
    await eve.get(HERE)
    assert eve.status == 404


def test_the_page_of_a_run_says_who_was_told() -> None:
    base: dict[str, Any] = {"run_id": "r", "plugin": "acme", "notifier": "ops", "attempts": 1}
    base |= {"created": 0, "next_at": 60_000}

    def said(state: str, reason: str, ended: int | None) -> str:
        return _said(Notice(**base, state=state, reason=reason, ended=ended))

    assert said(PENDING, "", None) == "acme (ops) is told now"
    assert said(PENDING, "h is away.", None).startswith("acme (ops) is told again at 1970-01-01")
    assert said(PENDING, "h is away.", None).endswith(": h is away")
    assert said(SENT, "", 60_000).startswith("acme (ops) was told at 1970-01-01")
    assert said(FAILED, "h answers 404.", 1) == "acme (ops) could not be told: h answers 404"
