"""The grammar of surfaces."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoperf_mcp.errors import SurfaceError
from octoperf_mcp.protocol.surfaces import FULL, PROJECT, WORKSPACE, Surfaces
from octoperf_mcp.registry.manager import load_registry

SURFACES = Surfaces(load_registry())
IDS = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=64)


@given(IDS, IDS)
def test_every_id_that_the_platform_makes_can_be_pinned(workspace: str, project: str) -> None:
    """Also those that begin with a hyphen or an underscore."""
    surface = SURFACES.of_path(f"/w/{workspace}/p/{project}/x/bench/readonly")
    assert surface.pins == {WORKSPACE: workspace, PROJECT: project}
    assert surface.read_only
    assert surface.address == f"/mcp/w/{workspace}/p/{project}/x/bench/readonly"


@given(st.text(max_size=200))
def test_any_path_is_a_surface_or_refused(tail: str) -> None:
    assert SURFACES.has(tail) in {True, False}


@pytest.mark.parametrize(
    "tail", ["/w/.", "/w/..", "/w/a/p/..", "/w/a b", "/w/ä", "/p/a", "/w//p/a"]
)
def test_what_could_be_read_otherwise_is_no_id(tail: str) -> None:
    with pytest.raises(SurfaceError):
        SURFACES.of_path(tail)


def test_the_order_of_areas_does_not_matter() -> None:
    one, other = SURFACES.of_path("/x/bench,edit"), SURFACES.of_path("/x/edit,bench,bench/")
    assert one.name == other.name == "/x/bench,edit"
    assert one.shape != SURFACES.of_path("/x/bench").shape


def test_names_tell_apart_what_shapes_do_not() -> None:
    one, other = SURFACES.of_path("/w/a"), SURFACES.of_path("/w/b")
    assert one.name != other.name
    assert one.shape == other.shape


def test_all_there_is_has_no_name() -> None:
    assert SURFACES.of_path("") is SURFACES.of_path("/") is FULL
    assert (FULL.name, FULL.shape, FULL.guard) == ("", "", None)
    assert FULL.address == "/mcp"


def test_fields_narrow_what_the_path_gives() -> None:
    narrow = SURFACES.narrowed("/x/bench,edit", toolsets="edit, import", tools="", readonly="YES")
    assert narrow.areas == frozenset({"edit"})
    assert narrow.read_only
    nothing = SURFACES.narrowed("/x/bench", toolsets="edit", tools="", readonly="")
    assert nothing.areas == frozenset()


def test_a_refusal_names_the_nearest_and_all_that_is_known() -> None:
    with pytest.raises(SurfaceError) as caught:
        SURFACES.of_path("/x/analisis")
    assert "Did you mean analysis?" in caught.value.message
    assert "validation" in caught.value.message
