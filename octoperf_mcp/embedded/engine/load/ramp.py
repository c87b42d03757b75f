"""Load shapes: how many users a profile has at a moment, and when each of them plays.

A shape is a chain of straight pieces. All arithmetic is on integers, so that the load engine, the
previews and the tests agree on every millisecond. A rising piece rounds down but holds at least
one user from its first instant; a falling one rounds up and ends at its last instant.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from octoperf_mcp.entities.engines import ARRIVALS

Load = dict[str, Any]
Piece = tuple[int, int, int, int]
"""From (time in ms, users) to (time in ms, users); the end is excluded."""


class LoadError(ValueError):
    """A load that is no shape; the message names the property."""


def users_at(load: Load, t_ms: int) -> int:
    """Users of a profile at `t_ms` after the start of the run; 0 before its delay and at its end.

    Raises:
        LoadError: the load has an unknown type or lacks a property.
    """
    for piece in pieces_of(load):
        if piece[0] <= t_ms < piece[2]:
            return _users_in(piece, t_ms)
    return 0


def duration_ms(load: Load) -> int:
    """When the profile ends, its delay included."""
    pieces = pieces_of(load)
    return pieces[-1][2] if pieces else 0


def peak_users(load: Load) -> int:
    """Most users that the profile ever has."""
    return max((max(piece[1], piece[3]) for piece in pieces_of(load)), default=0)


def highest_until(load: Load, t_ms: int) -> int:
    """Most users that the profile has had up to and including `t_ms`."""
    highest = 0
    for piece in pieces_of(load):
        if piece[0] > t_ms:
            break
        last = min(t_ms, piece[2] - 1)
        highest = max(highest, _users_in(piece, piece[0]), _users_in(piece, last))
    return highest


def spans_of(load: Load, index: int) -> list[tuple[int, int]]:
    """When the user with this index (from 0) plays: from, to in ms after the start of the run.

    The user plays exactly while `users_at` is greater than its index.
    """
    spans: list[tuple[int, int]] = []
    for piece in pieces_of(load):
        span = _span_in(piece, index)
        if span is None:
            continue
        if spans and spans[-1][1] == span[0]:
            spans[-1] = (spans[-1][0], span[1])
        else:
            spans.append(span)
    return spans


def pieces_of(load: Load) -> list[Piece]:
    """The straight pieces of a load, in order and without gaps.

    Raises:
        LoadError: an unknown `@type`, a missing property, a negative time, too few points.
    """
    kind = load.get("@type")
    shape = _SHAPES.get(str(kind))
    if shape is None:
        raise LoadError(f"load.@type is {kind!r}; known are {', '.join(sorted(_SHAPES))}.")
    pieces = [piece for piece in shape(load) if piece[0] < piece[2]]
    if not pieces:
        raise LoadError("The load lasts 0 ms: give it a ramp or a plateau.")
    return pieces


def _ramp_up(load: Load) -> list[Piece]:
    delay, ramp, plateau = (_time(load, name) for name in ("delayMs", "rampUpMs", "plateauMs"))
    users = _count(load, "plateauVus")
    top = delay + ramp
    return [(delay, 0, top, users), (top, users, top + plateau, users)]


def _ramp_up_then_down(load: Load) -> list[Piece]:
    pieces = _ramp_up(load)
    _, users, end, _ = pieces[-1]
    return [*pieces, (end, users, end + _time(load, "rampDownMs"), 0)]


def _stairs(load: Load) -> list[Piece]:
    delay, climb, hold = (_time(load, name) for name in ("delayMs", "rampUpMs", "plateauMs"))
    users, steps = _count(load, "plateauVus"), _count(load, "stepCount")
    down = _time(load, "rampDownMs") if load.get("rampDownMs") is not None else 0
    pieces = []
    for step in range(1, steps + 1):
        height = max(1, users * step // steps)
        begin, end = delay + climb * (step - 1) // steps, delay + climb * step // steps
        pieces.append((begin, height, end, height))
    top, end = delay + climb, delay + climb + hold
    return [*pieces, (top, users, end, users), (end, users, end + down, 0)]


def _custom(load: Load) -> list[Piece]:
    known = [(time, _time(point, "threadsCount")) for time, point in points_of(load)]
    return [(*before, *after) for before, after in pairwise(known)]


def _arrivals(load: Load) -> list[Piece]:
    """As many users as may be needed, all the time: who is free waits for an arrival."""
    users, end = _count(load, "maxVus"), points_of(load)[-1][0]
    return [(0, users, end, users)]


def points_of(load: Load) -> list[tuple[int, dict[str, Any]]]:
    """The points of a load with their times in ms, from 0 and in order.

    Raises:
        LoadError: there are fewer than two, or they start elsewhere, or go back.
    """
    points = load.get("points")
    if not isinstance(points, list) or len(points) < 2:  # noqa: PLR2004 - a line has two ends
        raise LoadError("load.points must hold at least two points.")
    known = [(_time(point, "timeInMs"), point) for point in points]
    if known[0][0] != 0:
        raise LoadError("The first of load.points must have timeInMs 0.")
    if any(after[0] < before[0] for before, after in pairwise(known)):
        raise LoadError("load.points must be in the order of timeInMs.")
    return known


_SHAPES: dict[str, Callable[[Load], list[Piece]]] = {
    "UserProfileLoadRampUp": _ramp_up,
    "UserProfileLoadRampUpThenRampDown": _ramp_up_then_down,
    "UserProfileLoadAscendingStairs": _stairs,
    "UserProfileLoadCustom": _custom,
    ARRIVALS: _arrivals,
}


def _users_in(piece: Piece, t_ms: int) -> int:
    begin, low, end, high = piece
    if low > high:
        return low - (low - high) * (t_ms - begin) // (end - begin)
    return max(low + (high - low) * (t_ms - begin) // (end - begin), min(1, high))


def _span_in(piece: Piece, index: int) -> tuple[int, int] | None:
    begin, low, end, high = piece
    if low > high:
        if index >= low:
            return None
        last = end if index < high else begin + _ceil((low - index) * (end - begin), low - high)
        return (begin, min(last, end))
    if index < low or (index == 0 and high > 0):
        return (begin, end)
    if index >= high:
        return None
    first = begin + _ceil((index + 1 - low) * (end - begin), high - low)
    return (first, end) if first < end else None


def _ceil(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)


def _time(values: dict[str, Any], name: str) -> int:
    value = values.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise LoadError(f"load.{name} must be a number of at least 0, not {value!r}.")
    return int(value)


def _count(values: dict[str, Any], name: str) -> int:
    value = _time(values, name)
    if value < 1:
        raise LoadError(f"load.{name} must be at least 1.")
    return value
