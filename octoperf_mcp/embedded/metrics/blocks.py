"""Slices as columns: many in one value of the database, narrow and compressed, added up by NumPy.

A block holds the slices of one step over some seconds. A row of its own for each slice would cost
several times the time and the space: most slices of a run hold one to five samples.

Imported where it is needed: NumPy takes a tenth of a second and 15 MB, for runs only.
"""

import struct
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from octoperf_mcp.embedded.metrics.aggregate import HISTOGRAMS, NUMBERS

Column = npt.NDArray[Any]
Histogram = tuple[Column, Column, Column]
"""Group, bucket and count of each pair, by group and bucket."""

START, SERIES = "start", "series_no"
_SIZES = tuple(f"{name}_size" for name in HISTOGRAMS)
_BUCKETS = tuple(f"{name}_bucket" for name in HISTOGRAMS)
_COUNTS = tuple(f"{name}_count" for name in HISTOGRAMS)
_OF_PAIRS = dict.fromkeys(_BUCKETS) | dict.fromkeys(_COUNTS)
_ALL = (START, SERIES, *NUMBERS, *_SIZES, *_BUCKETS, *_COUNTS)
"""Columns in the order in which they stand in a block; histograms are runs of bucket and count."""

_OF_LINES = {name: place for place, name in enumerate((SERIES, *NUMBERS))}
_OF_LINES_HISTOGRAM = {name: place for place, name in enumerate(HISTOGRAMS, len(_OF_LINES))}

_LENGTH = struct.Struct("<I")
_ENTRY = struct.Struct("<ccI")
"""Of the head, for each column: type, packing, bytes."""
_ONE, _PLAIN, _ZIPPED = b"1", b"p", b"z"
"""One value for all rows; values; values compressed: all their first bytes, all their second, …,
which takes a tenth less room and a fifth less time."""
_WHOLE = {b"B": range(2**8), b"H": range(2**16), b"I": range(2**32), b"q": range(-(2**63), 2**63)}
_FLOAT = b"d"
_LEVEL = 1
_LEAST_ZIPPED = 128
_BUCKET_BITS = 16


class Slices:
    """Columns by name, each read when it is first asked for; numbers are 64 bits wide."""

    def __init__(self, read: Callable[[str], Column]) -> None:
        self._read = cache(read)

    def __getitem__(self, name: str) -> Column:
        return self._read(name)

    @classmethod
    def joined(cls, parts: Sequence["Slices"]) -> "Slices":
        """The slices of several blocks, one after the other; at least one."""
        if len(parts) == 1:
            return parts[0]
        return cls(lambda name: np.concatenate([part[name] for part in parts]))

    @classmethod
    def of_lines(cls, lines: Iterable[tuple[int, bytes]]) -> "Slices":
        """Slices as they came in: a second, and columns of series, `NUMBERS`, `HISTOGRAMS`."""
        return cls(_Lines(lines).column)

    @classmethod
    def of_block(cls, data: bytes) -> "Slices":
        """The slices of `packed`."""
        return cls(_Block(data).column)

    def packed(self) -> bytes:
        """The columns as bytes."""
        entries, bodies = [_LENGTH.pack(len(self[START]))], []
        for name in _ALL:
            kind, packing, body = _packed(self[name])
            entries.append(_ENTRY.pack(kind, packing, len(body)))
            bodies.append(body)
        return b"".join((*entries, *bodies))

    def of(self, wanted: Collection[int]) -> Column:
        """Which rows are of these series."""
        return np.isin(self[SERIES], np.fromiter(wanted, "q", len(wanted)))


class _Lines:
    """The columns of lines."""

    def __init__(self, lines: Iterable[tuple[int, bytes]]) -> None:
        seconds, texts = zip(*lines, strict=True)
        self._seconds = seconds
        self._read = [orjson.loads(text) for text in texts]

    def column(self, name: str) -> Column:
        if name == START:
            return np.repeat(self._seconds, [len(columns[0]) for columns in self._read])
        place = _OF_LINES.get(name)
        if place is not None:
            return np.array(list(self._values(place)), "d" if name.endswith("_sq") else "q")
        histogram, _, part = name.rpartition("_")
        flat_lists = self._values(_OF_LINES_HISTOGRAM[histogram])
        if part == "size":
            return np.array(list(map(len, flat_lists)), "q") // 2
        pairs = np.array(list(chain.from_iterable(flat_lists)), "q")
        return pairs[::2] if part == "bucket" else pairs[1::2]

    def _values(self, place: int) -> Iterator[Any]:
        return chain.from_iterable(columns[place] for columns in self._read)


class _Block:
    """The columns of one block."""

    def __init__(self, data: bytes) -> None:
        (self._rows,) = _LENGTH.unpack_from(data)
        self._data = memoryview(data)
        self._places: dict[str, tuple[bytes, bytes, int, int]] = {}
        at = _LENGTH.size + len(_ALL) * _ENTRY.size
        for number, name in enumerate(_ALL):
            entry = _ENTRY.unpack_from(data, _LENGTH.size + number * _ENTRY.size)
            self._places[name] = (*entry[:2], at, at + entry[2])
            at += entry[2]

    def column(self, name: str) -> Column:
        kind, packing, start, end = self._places[name]
        body: Any = self._data[start:end]
        narrow = np.dtype(f"<{kind.decode()}")
        if packing == _ZIPPED:
            by_place = np.frombuffer(zlib.decompress(body), "B").reshape(narrow.itemsize, -1)
            body = by_place.T.tobytes()
        values = np.frombuffer(body, narrow).astype("d" if kind == _FLOAT else "q")
        return np.repeat(values, self._length(name)) if packing == _ONE else values

    def _length(self, name: str) -> int:
        if name not in _OF_PAIRS:
            return int(self._rows)
        histogram = name.removesuffix("_bucket").removesuffix("_count")
        return int(self.column(f"{histogram}_size").sum())


def _packed(column: Column) -> tuple[bytes, bytes, bytes]:
    """Type, packing and bytes of a column: in the narrowest type, one value where all are alike."""
    kind = _FLOAT if column.dtype.kind == "f" else _narrowest(column)
    narrow = column.astype(f"<{kind.decode()}")
    if len(narrow) and (narrow == narrow[0]).all():
        return kind, _ONE, narrow[:1].tobytes()
    if narrow.nbytes < _LEAST_ZIPPED:
        return kind, _PLAIN, narrow.tobytes()
    by_place = narrow.view("B").reshape(-1, narrow.itemsize).T
    return kind, _ZIPPED, zlib.compress(by_place.tobytes(), _LEVEL)


def _narrowest(column: Column) -> bytes:
    least, greatest = (int(column.min()), int(column.max())) if len(column) else (0, 0)
    return next(kind for kind, fits in _WHOLE.items() if least in fits and greatest in fits)


class Groups:
    """Rows of slices by what they are added up to.

    Args:
        slices: All rows.
        keys: Of each row; groups come in their order.
        rows: Which rows count, by their number.
    """

    def __init__(self, slices: Slices, keys: Sequence[Column], rows: Column) -> None:
        self._slices = slices
        kept = [key[rows] for key in keys]
        order = np.lexsort(kept[::-1]) if kept else np.arange(len(rows))
        self._order = rows[order]
        ordered = [key[order] for key in kept]
        first = np.zeros(len(rows), bool)
        first[:1] = True
        for key in ordered:
            first[1:] |= key[1:] != key[:-1]
        self._firsts = np.flatnonzero(first)
        self._numbers = np.cumsum(first) - 1
        self.keys = [key[self._firsts] for key in ordered]

    def __len__(self) -> int:
        return len(self._firsts)

    def column(self, name: str) -> Column:
        """One of `NUMBERS`, a value for each group."""
        values = self._slices[name][self._order]
        if name.endswith("_min"):
            return np.minimum.reduceat(values, self._firsts)
        if name.endswith("_max"):
            return np.maximum.reduceat(values, self._firsts)
        return np.add.reduceat(values, self._firsts)

    def histogram(self, name: str) -> Histogram:
        """One of `HISTOGRAMS`, merged within each group."""
        at = HISTOGRAMS.index(name)
        sizes, buckets, counts = (self._slices[names[at]] for names in (_SIZES, _BUCKETS, _COUNTS))
        of_row = np.full(len(sizes), -1)
        of_row[self._order] = self._numbers
        of_pair = np.repeat(of_row, sizes)
        kept = np.flatnonzero(of_pair >= 0)
        codes = of_pair[kept] << _BUCKET_BITS | buckets[kept]
        order = np.argsort(codes)
        codes = codes[order]
        firsts = np.flatnonzero(np.diff(codes, prepend=-1))
        found = codes[firsts]
        merged = np.add.reduceat(counts[kept][order], firsts)
        return found >> _BUCKET_BITS, found & ((1 << _BUCKET_BITS) - 1), merged

    def histograms(self, name: str) -> Iterator[dict[int, int]]:
        """The same as counts by bucket, group by group."""
        groups, buckets, counts = self.histogram(name)
        edges = np.searchsorted(groups, np.arange(len(self) + 1)).tolist()
        pairs = buckets.tolist(), counts.tolist()
        for start, end in pairwise(edges):
            yield dict(zip(pairs[0][start:end], pairs[1][start:end], strict=True))


def summed(slices: Slices, step: int, hits: Collection[int] | None = None) -> Slices | None:
    """One row for each series and `step` seconds (0: for each series).

    Args:
        slices: Those of finer steps.
        step: Seconds.
        hits: Adds these series up to one, of number 0; None if there is none of them.
    """
    rows = np.arange(len(slices[START])) if hits is None else np.flatnonzero(slices.of(hits))
    if not len(rows):
        return None
    starts = slices[START] - slices[START] % step if step else np.zeros_like(slices[START])
    series = slices[SERIES] if hits is None else np.zeros_like(starts)
    groups = Groups(slices, (starts, series), rows)
    found = dict(zip((START, SERIES), groups.keys, strict=True))
    found |= {name: groups.column(name) for name in NUMBERS}
    for at, name in enumerate(HISTOGRAMS):
        of_pair, found[_BUCKETS[at]], found[_COUNTS[at]] = groups.histogram(name)
        found[_SIZES[at]] = np.bincount(of_pair, minlength=len(groups))
    return Slices(found.__getitem__)


def grouped(
    slices: Slices, within: range, interval: int | None, series: Mapping[int, int] | None
) -> Groups:
    """Rows by start of their interval, then by what their series counts for.

    Args:
        slices: All rows.
        within: Seconds that count.
        interval: Its seconds; None: no grouping by time.
        series: A number for each series that counts; None: all count, together.
    """
    starts = slices[START]
    kept = (starts >= within.start) & (starts < within.stop)
    keys = [] if interval is None else [starts - starts % interval]
    if series is not None:
        known = np.array(sorted(series), "q")
        place = np.minimum(np.searchsorted(known, slices[SERIES]), len(known) - 1)
        kept &= known[place] == slices[SERIES]
        keys.append(np.array([series[number] for number in known.tolist()], "q")[place])
    return Groups(slices, keys, np.flatnonzero(kept))


def by_block(slices: Slices, block: int) -> Iterator[tuple[int, Slices]]:
    """Slices of seconds in parts of `block` seconds, each with its start."""
    starts = slices[START] - slices[START] % block
    for start in np.unique(starts).tolist():
        rows = np.flatnonzero(starts == start)
        yield start, _taken(slices, rows)


def _taken(slices: Slices, rows: Column) -> Slices:
    """Some rows, by series and second: what is alike stands together."""
    rows = rows[np.lexsort((slices[START][rows], slices[SERIES][rows]))]
    found = {name: slices[name][rows] for name in (START, SERIES, *NUMBERS, *_SIZES)}
    for sizes, *names in zip(_SIZES, _BUCKETS, _COUNTS, strict=True):
        first = np.cumsum(slices[sizes]) - slices[sizes]
        length = found[sizes]
        ends = np.cumsum(length)
        pairs = np.arange(int(length.sum())) + np.repeat(first[rows] - ends + length, length)
        found |= {name: slices[name][pairs] for name in names}
    return Slices(found.__getitem__)
