"""Where variables are used."""

from typing import Any

import aiohttp


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


async def test_the_columns_of_a_header_line_are_names_too(
    ada: Any, home: Any, example: Any
) -> None:
    user = example("virtual_user")
    user["children"][0]["name"] = "Log in as ${e-mail}"
    await ada.post("/design/virtual-users", user)
    form = aiohttp.FormData()
    form.add_field("filename", "people.csv")
    form.add_field("file", "\ufeffe-mail;word\nann@x;1\n".encode(), filename="people.csv")
    await ada.json("POST", f"/design/project-files/{home.project_id}", status=201, data=form)
    variable = example("variable")
    variable["variable"] |= {"filename": "people.csv", "names": [], "delimiter": ";"}
    await ada.post("/design/variables", variable)
    usages = await ada.get(f"/design/variables/usages/by-project/{home.project_id}")
    assert [row["name"] for row in usages[0]["virtualUsers"]] == ["Checkout"]
