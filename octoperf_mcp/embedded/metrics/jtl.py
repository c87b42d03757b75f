"""The raw samples of one generator as JMeter's CSV log, gzip-compressed.

Each second is a gzip member of its own: members one after the other are a valid gzip file, and a
writer that is killed leaves only whole ones behind. Columns as JMeter names them, in its order; its
times are whole milliseconds. Behind them, as JMeter's `sample_variables` (names in quotes, last:
CSVSaveService), stands what every figure of the platform is computed from, so that anybody can
compute it again exactly.
"""

import csv
import io
import zlib
from collections.abc import Sequence
from http import HTTPStatus

from octoperf_mcp.embedded.metrics.aggregate import Key, times_of
from octoperf_mcp.embedded.metrics.sample import RESOURCE, SUMS, Sample
from octoperf_mcp.entities.trees import RESOURCES

COLUMNS = (
    "timeStamp",
    "elapsed",
    "label",
    "responseCode",
    "responseMessage",
    "threadName",
    "dataType",
    "success",
    "failureMessage",
    "bytes",
    "sentBytes",
    "grpThreads",
    "allThreads",
    "URL",
    "Latency",
    "IdleTime",
    "Connect",
)
VARIABLES = (
    "second",
    "kind",
    "elapsedUs",
    "latencyUs",
    "connectUs",
    "method",
    "mediaType",
    "assertionsOk",
    "assertionsFailed",
    "assertionsError",
)
"""`second`: the epoch second that the sample counts in, that of its end; `kind`: Hit, Resource,
Container, Step, Iteration or CutOff; times in microseconds."""
_GZIP = 16 + zlib.MAX_WBITS
_FAST = 3
_ROWS_AT_ONCE = 256
_PHRASES = {str(status.value): status.phrase for status in HTTPStatus}
_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/javascript")


class JtlSecond:
    """The rows of one second, compressed as they come."""

    __slots__ = ("_packed", "_packer", "_rows", "_second", "_text", "_writer")

    def __init__(self, second: int) -> None:
        self._second = second
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._packer = zlib.compressobj(_FAST, zlib.DEFLATED, _GZIP)
        self._packed: list[bytes] = []
        self._rows = 0

    def add(self, sample: Sample, key: Key, users: dict[int, int]) -> None:
        """Take one sample with its dimensions; `users` are the active users by profile."""
        error = sample.error
        message = error.message if error is not None else ""
        user = f"-{error.user}" if error is not None and error.user else ""
        elapsed, latency, connect, _ = times_of(sample)
        _, _, _, kind, _, method, media_type = key
        self._add_row(
            (
                sample.started_ms,
                round(elapsed / 1000),
                _label(sample),
                sample.code,
                _PHRASES.get(sample.code, message if sample.code == "-1" else ""),
                f"{sample.virtual_user_id} {sample.profile + 1}{user}",
                "text" if sample.media_type.startswith(_TEXT_TYPES) else "bin",
                "true" if sample.ok else "false",
                _failure(sample, message),
                sample.received_bytes,
                sample.sent_bytes,
                users.get(sample.profile, 0),
                sum(users.values()),
                "null" if sample.kind in SUMS and not sample.url else sample.url,
                round(latency / 1000),
                0,
                round(connect / 1000),
                self._second,
                kind,
                elapsed,
                latency,
                connect,
                method,
                media_type,
                sample.assertions_ok,
                sample.assertions_failed,
                sample.assertions_error,
            )
        )

    def _add_row(self, row: Sequence[str | int]) -> None:
        self._writer.writerow(row)
        self._rows += 1
        if self._rows % _ROWS_AT_ONCE == 0:
            self._pack()

    def _pack(self) -> None:
        self._packed.append(self._packer.compress(self._text.getvalue().encode(errors="replace")))
        self._text.seek(0)
        self._text.truncate()

    def member(self) -> bytes:
        """The whole second as a gzip member, nothing if it has no row."""
        if not self._rows:
            return b""
        self._pack()
        return b"".join((*self._packed, self._packer.flush()))


def header() -> bytes:
    """The names of the columns, as a gzip member."""
    names = (*COLUMNS, *(f'"{name}"' for name in VARIABLES))
    packer = zlib.compressobj(_FAST, zlib.DEFLATED, _GZIP)
    return packer.compress(f"{','.join(names)}\n".encode()) + packer.flush()


def _label(sample: Sample) -> str:
    """As the rows of a report have it: sub-requests apart from their request."""
    if sample.kind == RESOURCE and not sample.action_id.endswith(RESOURCES):
        return sample.action_id + RESOURCES
    return sample.action_id


def _failure(sample: Sample, message: str) -> str:
    if sample.ok:
        return ""
    return message or ("stopped in flight" if sample.cut_off else "")
