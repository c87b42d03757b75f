"""The page on which administrators turn tools and plugins off and on."""

from collections.abc import Sequence

from octoperf_mcp.entities.switches import Kind, PluginRow, Switches, ToolRow
from tests.octoperf_mcp.embedded.ui.test_people import World, world

__all__ = ["world"]

HERE = "/ui/administration/tools"


class Board:
    """A switchboard with one plugin and one tool."""

    def __init__(self) -> None:
        self.state = Switches()

    def plugins(self) -> Sequence[PluginRow]:
        state = "disabled" if "acme" in self.state.plugins_off else "enabled"
        return [PluginRow("acme", "acme-tools 1.0", state, "", 1, ">=1.0,<2")]

    def tools(self) -> Sequence[ToolRow]:
        on = "acme_tool" not in self.state.tools_off
        return [ToolRow("acme_tool", "Do <it>", "acme", on)]

    async def turn(self, kind: Kind, name: str, *, on: bool) -> None:
        if not name.startswith("acme"):
            raise LookupError(f"There is no {kind} {name!r}.")
        self.state = self.state.turned(kind, name, on=on)


async def test_an_administrator_turns_what_the_page_lists(world: World) -> None:
    world.platform.switchboard = board = Board()
    person = await world.person("demo")
    shown = await person.get(HERE)
    assert "acme-tools 1.0" in shown
    assert "Do &lt;it&gt;" in shown
    told = await person.send(f"{HERE}/tool/acme_tool/off", page=HERE)
    assert "connected clients were told" in told
    assert board.state.tools_off == {"acme_tool"}
    await person.send(f"{HERE}/plugin/acme/off", page=HERE)
    assert board.state.plugins_off == {"acme"}
    await person.send(f"{HERE}/plugin/acme/on", page=HERE)
    assert board.state.plugins_on == {"acme"}
    for wrong, status in (("tool/x/off", 400), ("tool/acme_tool/maybe", 404), ("user/a/on", 404)):
        await person.send(f"{HERE}/{wrong}", page=HERE)
        assert person.status == status


async def test_others_do_not_see_it(world: World) -> None:
    world.platform.switchboard = Board()
    eve = await world.person("eve")
    await eve.get(HERE)
    assert eve.status == 404
