"""The distribution holds what the folders hold."""

import configparser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def packages_in(folder: Path, prefix: str) -> set[str]:
    return {
        ".".join((prefix, *path.parent.relative_to(folder).parts))
        for path in folder.rglob("__init__.py")
    }


def test_every_package_folder_is_listed_and_every_listed_one_exists(
    setup_cfg: configparser.ConfigParser,
) -> None:
    listed = set(setup_cfg["options"]["packages"].split())
    found = packages_in(ROOT / "octoperf_mcp", "octoperf_mcp")
    found |= packages_in(ROOT / "public_assets", "octoperf_public_assets")
    for plugin in (ROOT / "plugins").iterdir():
        if (plugin / "__init__.py").is_file():
            found |= packages_in(plugin, plugin.name)
    assert listed == found


def test_every_area_has_its_entry_point(setup_cfg: configparser.ConfigParser) -> None:
    points = setup_cfg["options.entry_points"]["octoperf_mcp"].split("\n")
    modules = {point.partition("=")[2].strip() for point in points if point}
    folders = {path.parent.name for path in (ROOT / "plugins").glob("*/__init__.py")}
    assert modules == folders


def test_all_packages_are_typed(setup_cfg: configparser.ConfigParser) -> None:
    roots = [ROOT / "octoperf_mcp", ROOT / "public_assets", *(ROOT / "plugins").iterdir()]
    missing = [str(root) for root in roots if root.is_dir() and not (root / "py.typed").is_file()]
    assert missing == []
