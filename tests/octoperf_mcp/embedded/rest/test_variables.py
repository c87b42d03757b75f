"""Where variables are used."""

from typing import Any


async def test_a_variable_is_used_where_its_name_or_column_stands(
    ada: Any, home: Any, example: Any
) -> None:
    user = await ada.post("/design/virtual-users", example("virtual_user"))
    csv = await ada.post("/design/variables", example("variable"))
    constant = {"@type": "ConstantVariable", "value": "1"}
    item = await ada.post(
        "/design/variables", {**example("variable"), "name": "item", "variable": constant}
    )
    unused = await ada.post(
        "/design/variables", {**example("variable"), "name": "unused", "variable": constant}
    )
    row = {"id": user["id"], "name": "Checkout"}
    assert await ada.get(f"/design/variables/usages/by-project/{home.project_id}") == [
        {"variableId": csv["id"], "virtualUsers": [row]},
        {"variableId": item["id"], "virtualUsers": [row]},
        {"variableId": unused["id"], "virtualUsers": []},
    ]
