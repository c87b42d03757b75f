"""What the samples of a container, or of a whole iteration, add up to."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Times in microseconds, sizes in bytes."""

    elapsed_us: int = 0
    latency_us: int = 0
    connect_us: int = 0
    sent: int = 0
    received: int = 0
    count: int = 0
    failed: int = 0

    def add(self, inner: "Tally") -> None:
        """Take what came inside of it."""
        self.elapsed_us += inner.elapsed_us
        self.latency_us += inner.latency_us
        self.connect_us += inner.connect_us
        self.sent += inner.sent
        self.received += inner.received
        self.count += inner.count
        self.failed += inner.failed

    def since(self, before: "Tally") -> "Tally":
        """What came since an earlier state of it."""
        return Tally(
            self.elapsed_us - before.elapsed_us,
            self.latency_us - before.latency_us,
            self.connect_us - before.connect_us,
            self.sent - before.sent,
            self.received - before.received,
            self.count - before.count,
            self.failed - before.failed,
        )
