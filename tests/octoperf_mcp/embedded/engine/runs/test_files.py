import gzip
from pathlib import Path

import pytest

from octoperf_mcp.embedded.engine.load.engine import StartUpLine
from octoperf_mcp.embedded.engine.processes.masks import Mask
from octoperf_mcp.embedded.engine.runs.directory import RunDirectory
from octoperf_mcp.embedded.engine.runs.files import read_lines
from octoperf_mcp.embedded.engine.runs.log import RunLog
from octoperf_mcp.embedded.failures import Invalid, NotFound


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    made = RunDirectory(tmp_path, "run-1")
    made.create()
    return made


@pytest.mark.parametrize(
    ("offset", "count", "expected"),
    [(0, 2, "l0\nl1\n"), (3, 9, "l3\nl4"), (9, 2, ""), (-2, 9, "l3\nl4"), (-9, 1, "l0\n")],
)
@pytest.mark.parametrize("packed", [False, True])
def test_lines_are_counted_from_either_end(
    tmp_path: Path, offset: int, count: int, expected: str, packed: bool
) -> None:
    data = b"l0\nl1\nl2\nl3\nl4"
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(data[:7]) + gzip.compress(data[7:]) if packed else data)
    assert read_lines(path, offset, count) == expected


def test_a_gzip_file_that_is_still_written_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"whole\n") + gzip.compress(b"torn\n" * 1000)[:-20])
    assert read_lines(path, 0, 1) == "whole\n"


def test_a_binary_file_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"PK\0\0")
    with pytest.raises(Invalid):
        read_lines(tmp_path / "x", 0, 1)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "a\0b"])
def test_a_name_that_is_a_path_is_refused(directory: RunDirectory, name: str) -> None:
    with pytest.raises(Invalid):
        directory.file(name)


def test_a_link_out_of_the_folder_is_no_file_of_the_run(
    directory: RunDirectory, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (directory.files / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(NotFound):
        directory.file("link")


def test_lines_of_the_start_are_kept_and_a_torn_one_is_left_out(directory: RunDirectory) -> None:
    directory.say(StartUpLine(5, "local-1", "INFO", "joined"))
    with (directory.path / "start-up.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"torn": ')
    assert directory.start_up_lines() == [
        {"timestamp": 5, "container": "local-1", "level": "INFO", "message": "joined"}
    ]


def test_a_log_line_keeps_to_one_entry(tmp_path: Path) -> None:
    RunLog(tmp_path / "jmeter.log").write("first\nsecond\n", level="WARN")
    first, second = (tmp_path / "jmeter.log").read_text("utf-8").splitlines()
    assert first.endswith(" WARN o.a.j.JMeter: first")
    assert second == "    second"


def test_a_mask_hides_every_spelling_of_a_secret() -> None:
    mask = Mask(["a b/ü", "", "a b"])
    text = "x a b/ü y a%20b%2F%C3%BC z a+b%2F%C3%BC w a b"
    assert mask.text(text) == "x ****** y ****** z ****** w ******"
    assert mask.data(text.encode()) == b"x ****** y ****** z ****** w ******"
    assert mask.tree({"k": ["a b", 1]}) == {"k": ["******", 1]}
    assert not Mask([])


def test_a_secret_is_masked_as_json_and_html_spell_it() -> None:
    mask = Mask(['q"<&é'])
    for shown in ('{"p":"q\\"<&\\u00e9"}', '{"p":"q\\"<&é"}', "q&quot;&lt;&amp;é"):
        assert "&" not in mask.text(shown), shown
