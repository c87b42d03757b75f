"""Collects the samples of one load worker and appends a line per second to its spool file.

Pure standard library, no locks: all methods are called from one thread and never yield, so
greenlets cannot interleave inside them.
"""

import json
import platform
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from octoperf_mcp.embedded.metrics import jtl as jtl_format
from octoperf_mcp.embedded.metrics.aggregate import Aggregate, Key, key_of, media_type
from octoperf_mcp.embedded.metrics.journal import SecondJournal, left_over
from octoperf_mcp.embedded.metrics.jtl import JtlSecond
from octoperf_mcp.embedded.metrics.sample import ITERATION, SUMS, ErrorDetail, Sample
from octoperf_mcp.embedded.metrics.spool import VERSION, end_of

ERRORS_PER_ACTION_AND_CODE = 2
"""Failed samples kept in full for each action and code of a generator."""
FIRST_ERRORS = 100
"""Failed samples kept in full whatever their action and code, from the start of the run."""
BODY_CAP_BYTES = 64 * 1024
"""A kept body is cut there, and says so in `bodyTruncated`."""

_encode = json.JSONEncoder(separators=(",", ":")).encode


def epoch_ms() -> int:
    """Now, in epoch milliseconds."""
    return time.time_ns() // 1_000_000


class Recorder:
    """Adds up samples by the second in which they ended.

    A sample that is added after its second was written counts in the first second that is still
    open, so that each second of a generator stands in exactly one line.

    Args:
        run_id: Id of the bench result.
        generator: Name of this load worker, unique in the run.
        region: Location it runs in.
        spool: File to append lines to; an existing one is continued: a torn last line is cut
            off, and samples that a killed recorder had not written yet are taken over.
        jtl: File for the raw samples (`….jtl.gz`), or None.
        clock: Gives epoch milliseconds.
        raw: Which samples of a profile are raw samples, by its index: ALL, ERRORS or NONE;
            None: all of all profiles.
        arriving: Profiles whose iterations have raw samples too: those with arrivals, which the
            original does not have; clients count the rows of the others.
    """

    def __init__(
        self,
        run_id: str,
        generator: str,
        region: str,
        spool: Path,
        jtl: Path | None,
        *,
        clock: Callable[[], int] = epoch_ms,
        raw: Mapping[int, str] | None = None,
        arriving: Collection[int] = (),
    ) -> None:
        self._header = {
            "v": VERSION,
            "run": run_id,
            "generator": generator,
            "region": region,
            "host": platform.node(),
        }
        end = end_of(spool)
        self._seq = end.next_seq
        self._next_second = end.next_second
        self._spool = spool
        self._file = spool.open("ab")
        self._file.truncate(end.size)
        self._jtl = jtl.open("ab") if jtl is not None else None
        if self._jtl is not None and not self._jtl.tell():
            self._jtl.write(jtl_format.header())
        self._raw = raw
        self._arriving = frozenset(arriving)
        self._clock = clock
        self._open: dict[int, _Second] = {}
        self._users: dict[int, int] = {}
        self._kept_errors: Counter[tuple[str, str]] = Counter()
        self._kept_total = 0
        self._take_over()

    def _take_over(self) -> None:
        """Count what a killed recorder left in its journal."""
        for second in left_over(self._spool):
            if second < self._next_second:
                SecondJournal(self._spool, second).remove()
                continue
            bucket = self._second(second)
            for sample in bucket.journal.left():
                self._count(bucket, sample)

    def add(self, sample: Sample) -> None:
        """Count one sample."""
        bucket = self._second((sample.started_ms + sample.elapsed_us // 1000) // 1000)
        bucket.journal.add(sample)
        self._count(bucket, sample)

    def _count(self, bucket: "_Second", sample: Sample) -> None:
        key = key_of(sample)
        known = bucket.rows.get(key)
        if known is None:
            bucket.rows[key] = Aggregate(sample)
        else:
            known.add(sample)
        if not sample.ok and not sample.cut_off and sample.kind not in SUMS:
            self._keep_error(bucket, sample)
        if self._jtl is not None and self._keeps_raw(sample):
            bucket.raw.add(sample, key, self._users)

    def _keeps_raw(self, sample: Sample) -> bool:
        if sample.kind == ITERATION and sample.profile not in self._arriving:
            return False
        if self._raw is None:
            return True
        kind = self._raw.get(sample.profile, "ALL")
        return kind == "ALL" or (kind == "ERRORS" and not sample.ok)

    def _second(self, second: int) -> "_Second":
        second = max(second, self._next_second)
        found = self._open.get(second)
        if found is None:
            found = self._open[second] = _Second(self._spool, second)
        return found

    def _keep_error(self, bucket: "_Second", sample: Sample) -> None:
        key = (sample.action_id, sample.code)
        if (
            self._kept_total >= FIRST_ERRORS
            and self._kept_errors[key] >= ERRORS_PER_ACTION_AND_CODE
        ):
            return
        self._kept_errors[key] += 1
        self._kept_total += 1
        bucket.errors.append(_error_entry(sample))

    def gauge(
        self,
        users: dict[int, int],
        lag_ms: float,
        cpu_pct: float,
        *,
        machine: tuple[float, float] | None = None,
    ) -> None:
        """State of this worker, once a second.

        Args:
            users: Active users by profile index.
            lag_ms: How late its timers fire.
            cpu_pct: 0 to 100, of one core.
            machine: Use of all cores and of the memory of its machine, each 0 to 100.
        """
        self._users = dict(users)
        bucket = self._second(self._clock() // 1000)
        bucket.gauge = {
            "users": {str(profile): count for profile, count in users.items()},
            "lag_ms": lag_ms,
            "cpu_pct": cpu_pct,
        }
        if machine is not None:
            bucket.gauge |= {"machine_cpu_pct": machine[0], "memory_pct": machine[1]}

    def flush(self, now_ms: int) -> None:
        """Write a line for each second that is over."""
        for second in sorted(second for second in self._open if second < now_ms // 1000):
            self._write(second, final=False)

    def close(self) -> None:
        """Write everything, and the final line; the recorder is of no use afterwards."""
        seconds = sorted(self._open) or [max(self._next_second, self._clock() // 1000)]
        for second in seconds:
            self._write(second, final=second == seconds[-1])
        self._file.close()
        if self._jtl is not None:
            self._jtl.close()

    def _write(self, second: int, *, final: bool) -> None:
        bucket = self._second(second)
        line = {
            **self._header,
            "seq": self._seq,
            "second": second,
            **bucket.gauge,
            "rows": [[*key, *row.row()] for key, row in bucket.rows.items()],
            "errors": bucket.errors,
        }
        if final:
            line["final"] = True
        self._file.write(_encode(line).encode() + b"\n")
        self._file.flush()
        if self._jtl is not None:
            self._jtl.write(bucket.raw.member())
            self._jtl.flush()
        self._seq += 1
        self._next_second = second + 1
        del self._open[second]
        bucket.journal.remove()


class _Second:
    """One second that is still open."""

    __slots__ = ("errors", "gauge", "journal", "raw", "rows")

    def __init__(self, spool: Path, second: int) -> None:
        self.rows: dict[Key, Aggregate] = {}
        self.errors: list[dict[str, Any]] = []
        self.gauge: dict[str, Any] = {}
        self.raw = JtlSecond(second)
        self.journal = SecondJournal(spool, second)


def _error_entry(sample: Sample) -> dict[str, Any]:
    error = sample.error or ErrorDetail("")
    return {
        "timestamp": sample.started_ms,
        "action_id": sample.action_id,
        "virtual_user_id": sample.virtual_user_id,
        "profile": sample.profile,
        "kind": sample.kind,
        "code": sample.code,
        "method": sample.method,
        "media_type": media_type(sample.media_type),
        "url": sample.url,
        "elapsed_us": sample.elapsed_us,
        "user": error.user,
        "message": error.message,
        "assertions": error.assertions,
        "request": _capped(error.request),
        "response": _capped(error.response),
    }


def _capped(entity: dict[str, Any] | None) -> dict[str, Any] | None:
    """The entity with at most `BODY_CAP_BYTES` of body."""
    body = entity.get("body") if entity is not None else None
    if entity is None or not isinstance(body, str) or len(body) * 4 <= BODY_CAP_BYTES:
        return entity
    raw = body.encode(errors="replace")
    if len(raw) <= BODY_CAP_BYTES:
        return entity
    cut = raw[:BODY_CAP_BYTES].decode(errors="ignore")
    return {**entity, "body": cut, "bodyTruncated": True}
