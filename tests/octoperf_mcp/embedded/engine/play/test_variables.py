from pathlib import Path

import pytest

from octoperf_mcp.embedded.engine.play.control import StopUser
from tests.octoperf_mcp.embedded.engine.players import Json, Player, node, variable

DEBUG: Json = {"@type": "DebugAction", "id": "d", "enabled": True, "variablesDisplayed": True}


def values(player: Player, name: str, iterations: int) -> list[str]:
    seen = []
    for _ in range(iterations):
        player.session.run_iteration()
        seen.append(player.variables[name])
    return seen


def player(*variables: Json, **more: object) -> Player:
    return Player([DEBUG], variables=variables, **more)  # type: ignore[arg-type]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "users.csv").write_text("login,pw\nann,1\nbob,2\ncy,3\n", encoding="utf-8")
    return tmp_path


def csv(**more: object) -> Json:
    return variable("CSVVariable", "accounts", **{"filename": "users.csv", "names": [], **more})


def test_a_constant_is_evaluated_once_per_user() -> None:
    play = player(variable("ConstantVariable", "c", value="${__UUID()}"))
    first, second = values(play, "c", 2)
    assert first == second
    other = play.user(2)
    assert other.variables["c"] != first


def test_a_user_may_overwrite_its_own_constant() -> None:
    play = player(variable("ConstantVariable", "c", value="x"))
    play.variables["c"] = "mine"
    assert values(play, "c", 1) == ["mine"]
    assert play.user(2).variables["c"] == "x"


def test_a_secret_reads_like_a_constant() -> None:
    play = player(variable("SecretVariable", "s", value={"type": "PLAIN", "value": "hush${x}"}))
    assert values(play, "s", 1) == ["hush${x}"]
    assert play.program.variables.secrets == ["hush${x}"]


def test_a_csv_gives_a_line_per_iteration_and_starts_again(files: Path) -> None:
    play = player(csv(), resources=files)
    assert values(play, "login", 4) == ["ann", "bob", "cy", "ann"]
    assert play.variables["pw"] == "1"


def test_a_shared_csv_gives_each_user_the_next_line_and_a_private_one_the_same(
    files: Path,
) -> None:
    for scope, second in (("SHARED", "bob"), ("PRIVATE", "ann")):
        play = player(csv(scope=scope), resources=files)
        play.session.run_iteration()
        other = play.user(2)
        other.run_iteration()
        assert (play.variables["login"], other.variables["login"]) == ("ann", second)


def test_a_shared_csv_is_split_between_generators(files: Path) -> None:
    halves = [values(player(csv(), resources=files, share=(i, 2)), "login", 2) for i in (0, 1)]
    assert halves == [["ann", "cy"], ["bob", "bob"]]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"names": ["login", "pw"], "ignoreFirstLine": True}, ["ann", "bob"]),
        ({"names": ["login", "pw"]}, ["login", "ann"]),
        ({"names": ["login", "pw"], "offset": -2}, ["bob", "cy"]),
        ({"offset": 1}, ["bob", "cy"]),
    ],
)
def test_lines_at_the_top_can_be_skipped(files: Path, settings: Json, expected: list[str]) -> None:
    assert values(player(csv(**settings), resources=files), "login", 2) == expected


def test_the_end_of_a_csv_without_recycling_is_marked(files: Path) -> None:
    play = player(csv(recycleOnEOF=False), resources=files)
    assert values(play, "login", 4)[-1] == "<EOF>"


def test_the_end_of_a_csv_may_stop_the_user_and_the_log_says_so(files: Path) -> None:
    play = player(csv(recycleOnEOF=False, stopThreadOnEOF=True), resources=files)
    with pytest.raises(StopUser):
        values(play, "login", 4)
    assert play.notes.lines == [
        "INFO End of file:resources/users.csv detected for CSV DataSet:accounts configured with stopThread:true, recycle:false"
    ]


def test_quoted_fields_other_delimiters_and_encodings_are_read(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_bytes('n;t\nÄnne;"a ""b""; c"\n'.encode("iso-8859-1"))
    quoted = csv(filename="q.csv", delimiter=";", encoding="iso-8859-1", allowQuotedData=True)
    play = player(quoted, resources=tmp_path)
    assert values(play, "t", 1) == ['a "b"; c']
    assert play.variables["n"] == "Änne"
    (tmp_path / "t.csv").write_text("a\tb\n1\t2\n", encoding="utf-8")
    assert values(player(csv(filename="t.csv", delimiter="\\t"), resources=tmp_path), "b", 1) == [
        "2"
    ]


def test_a_shuffled_csv_holds_the_same_lines(files: Path) -> None:
    seen = values(player(csv(shuffle=True), resources=files), "login", 3)
    assert sorted(seen) == ["ann", "bob", "cy"]


def test_a_missing_file_is_named_in_the_log(tmp_path: Path) -> None:
    play = player(csv(filename="gone.csv"), resources=tmp_path)
    assert "resources/gone.csv" in play.notes.lines[0]


def test_a_file_that_nobody_mentions_is_not_read(tmp_path: Path) -> None:
    play = Player([node("ContainerAction")], variables=[csv(names=["x"])], resources=tmp_path)
    assert play.notes.lines == []


def test_a_file_may_name_the_hosts(files: Path) -> None:
    servers = [{"id": "s", "protocol": "HTTP", "hostname": "${login}.example", "port": 80}]
    play = Player(
        [node("ContainerAction")],
        variables=[csv(names=["login", "pw"], ignoreFirstLine=True)],
        servers=servers,
        resources=files,
    )
    play.session.run_iteration()
    assert play.variables["login"] == "ann"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["1", "2", "3", "4"]),
        ({"start": 5, "increment": 2, "end": 8}, ["5", "7", "5", "7"]),
        ({"start": 1, "format": "U_000"}, ["U_001", "U_002", "U_003", "U_004"]),
        ({"start": 9, "trackPerUser": True, "resetOnIteration": True}, ["9", "9", "9", "9"]),
    ],
)
def test_a_counter_counts_iterations(settings: Json, expected: list[str]) -> None:
    assert values(player(variable("CounterVariable", "n", **settings)), "n", 4) == expected


def test_a_counter_is_shared_unless_it_tracks_each_user() -> None:
    for per_user, second in ((False, "2"), (True, "1")):
        play = player(variable("CounterVariable", "n", trackPerUser=per_user))
        play.session.run_iteration()
        other = play.user(2)
        other.run_iteration()
        assert other.variables["n"] == second


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"start": 5, "increment": -2, "end": 1}, ["5", "3", "1", "5"]),
        ({"start": 5, "increment": -2}, ["5", "3", "1", "-1"]),
        ({"start": 5, "end": 1}, ["5", "5", "5", "5"]),
    ],
)
def test_a_counter_may_count_down(settings: Json, expected: list[str]) -> None:
    assert values(player(variable("CounterVariable", "n", **settings)), "n", 4) == expected


def test_the_processes_of_a_generator_never_count_the_same_number() -> None:
    """One counter for all users of a load generator; here it works in two processes."""
    counter = variable("CounterVariable", "n", start=10, increment=10, end=50)
    seen = [values(player(counter, share=(i, 2)), "n", 3) for i in (0, 1)]
    assert seen == [["10", "30", "50"], ["20", "40", "10"]]


def test_the_processes_of_a_generator_share_out_a_list() -> None:
    once = variable("ListVariable", "l", values=["a", "b", "c"], recycleOnEnd=False)
    seen = [values(player(once, share=(i, 2)), "l", 2) for i in (0, 1)]
    assert seen == [["a", "c"], ["b", "<EOF>"]]


SHARED = [
    (variable("CounterVariable", "n"), "n", ["1", "2"]),
    (variable("ListVariable", "n", values=["a", "b"]), "n", ["a", "b"]),
    (csv(scope="SHARED"), "login", ["ann", "bob"]),
]
OWN = [
    (variable("CounterVariable", "n", trackPerUser=True), "n", ["1", "1"]),
    (variable("ListVariable", "n", values=["a", "b"], scope="PRIVATE"), "n", ["a", "a"]),
    (csv(scope="PRIVATE"), "login", ["ann", "ann"]),
]


@pytest.mark.parametrize(("document", "name", "expected"), SHARED + OWN)
def test_profiles_of_a_run_share_what_all_users_share(
    files: Path, document: Json, name: str, expected: list[str]
) -> None:
    """Variables belong to the project: two profiles draw from one set."""
    first = player(document, resources=files)
    second = player(document, resources=files, shared=first.materials.shared)
    assert [*values(first, name, 1), *values(second, name, 1)] == expected


def test_two_csv_variables_of_one_label_read_their_own_files(files: Path) -> None:
    (files / "items.csv").write_text("item\npen\n", encoding="utf-8")
    other = {**csv(filename="items.csv"), "id": "other"}
    play = player(csv(), other, resources=files)
    assert (values(play, "login", 1), play.variables["item"]) == (["ann"], "pen")


def test_a_line_ends_where_the_file_says_and_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    text = "\ufeffname\r\na\u2028b\x85c\r\nd\n"
    (tmp_path / "u.csv").write_bytes(text.encode())
    for quoted in (False, True):
        given = csv(filename="u.csv", encoding="utf-8", allowQuotedData=quoted)
        play = player(given, resources=tmp_path)
        assert values(play, "name", 2) == ["a\u2028b\x85c", "d"]


def test_a_random_stays_in_its_bounds_and_repeats_with_its_seed() -> None:
    draws = [
        values(player(variable("RandomVariable", "r", min=1, max=6, seed=3)), "r", 30)
        for _ in range(2)
    ]
    assert draws[0] == draws[1]
    assert set(draws[0]) <= set("123456")


def test_a_list_gives_its_values_in_order_or_at_random() -> None:
    items = ["a", "b"]
    assert values(player(variable("ListVariable", "l", values=items)), "l", 3) == ["a", "b", "a"]
    once = variable("ListVariable", "l", values=items, recycleOnEnd=False)
    assert values(player(once), "l", 3) == ["a", "b", "<EOF>"]
    any_order = variable("ListVariable", "l", values=items, order="RANDOM")
    assert set(values(player(any_order), "l", 30)) == {"a", "b"}
