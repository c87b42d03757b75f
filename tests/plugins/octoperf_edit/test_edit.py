from collections.abc import Callable


def test_edit_keeps_the_promises_of_a_plugin(check_contract: Callable[[str], None]) -> None:
    check_contract("octoperf_edit")
